import { renderView, type ViewSize } from "./render-view.ts";
import type { ViewState } from "./view-state.ts";

export interface LiveScreen {
  /** Shows `state`; only rows that changed are written. */
  draw(state: ViewState): void;
  /** Gives the terminal back as it was; may be called again. */
  close(): void;
}

/** The part of a terminal stream that is needed. */
export interface ScreenStream {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on(event: "resize", listener: () => void): unknown;
  off(event: "resize", listener: () => void): unknown;
}

const STANDARD_COLUMNS = 80;
const STANDARD_ROWS = 24;

/** Another screen buffer, so that what the user had on the screen is there again afterwards; no cursor. */
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[2J";
const LEAVE = "\u001b[?25h\u001b[?1049l";
/** Terminals that know it show a frame at once; others ignore it. */
const FRAME_START = "\u001b[?2026h";
const FRAME_END = "\u001b[?2026l";

/** Takes over the terminal until `close`, or until the process ends in whatever way code can see. */
export function openLiveScreen(
  stream: ScreenStream,
  look: { readonly colour: boolean; readonly ascii: boolean },
): LiveScreen {
  let shown: readonly string[] = [];
  let last: ViewState | undefined;
  let open = true;

  const draw = (state: ViewState): void => {
    if (!open) return;
    last = state;
    const lines = renderView(state, screenSize(stream, look.ascii), look.colour);
    const changed = lines.flatMap((line, row) =>
      line === shown[row] ? [] : [`\u001b[${row + 1};1H${line}\u001b[0m\u001b[K`],
    );
    if (changed.length > 0) stream.write(FRAME_START + changed.join("") + FRAME_END);
    shown = lines;
  };
  const resized = (): void => {
    shown = [];
    stream.write("\u001b[2J");
    if (last !== undefined) draw(last);
  };
  const close = (): void => {
    if (!open) return;
    open = false;
    stream.off("resize", resized);
    process.off("exit", close);
    stream.write(LEAVE);
  };

  stream.write(ENTER);
  stream.on("resize", resized);
  process.on("exit", close);
  return { draw, close };
}

function screenSize({ columns, rows }: ScreenStream, ascii: boolean): ViewSize {
  return { columns: columns || STANDARD_COLUMNS, rows: rows || STANDARD_ROWS, ascii };
}

/** A terminal that can be drawn on; one that calls itself dumb gets lines, like a file. */
export function canDraw(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && environment["TERM"] !== "dumb";
}

/** By the usual variables: LC_ALL before LC_CTYPE before LANG; none of them set says nothing against Unicode. */
export function wantsAscii(environment: Readonly<Record<string, string | undefined>>): boolean {
  const locale = environment["LC_ALL"] || environment["LC_CTYPE"] || environment["LANG"];
  if (environment["TERM"] === "linux") return true;
  return locale !== undefined && !/utf-?8/i.test(locale);
}
