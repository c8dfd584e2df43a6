export interface ProgressLine {
  show(text: string): void;
  /** Leaves the cursor at the start of an empty line; may be called again. */
  end(): void;
}

/** Without a terminal a text is repeated only when its words change or its figures have moved on for this long. */
const PLAIN_INTERVAL_MS = 10_000;
const LEAST_COLUMNS = 20;

/** One line that is written over on a terminal; elsewhere a new line now and then. */
export function progressLine(stream: NodeJS.WriteStream): ProgressLine {
  return stream.isTTY ? terminalLine(stream) : plainLine(stream);
}

function terminalLine(stream: NodeJS.WriteStream): ProgressLine {
  let shown = false;
  return {
    show: (text) => {
      shown = true;
      stream.write(`\r\u001b[2K${text.slice(0, Math.max(LEAST_COLUMNS, stream.columns) - 1)}`);
    },
    end: () => {
      if (shown) stream.write("\r\u001b[2K");
      shown = false;
    },
  };
}

function plainLine(stream: NodeJS.WriteStream): ProgressLine {
  let lastWords = "";
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    show: (text) => {
      const words = text.replaceAll(/[\d.,#\s]+/g, "");
      const nowMs = performance.now();
      if (words === lastWords && nowMs - lastMs < PLAIN_INTERVAL_MS) return;
      lastWords = words;
      lastMs = nowMs;
      stream.write(`${text}\n`);
    },
    end: () => undefined,
  };
}
