import { EXIT } from "./exit-codes.ts";

/**
 * The first SIGINT, SIGTERM or SIGHUP (the terminal was closed) asks everything to end well; the second one ends the
 * process at once.
 */
export function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  const end = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.cancelled);
    controller.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  return controller.signal;
}

/** EIO: the terminal is gone. */
const READER_GONE: ReadonlySet<string | undefined> = new Set(["EPIPE", "EIO"]);

/** A reader that went away (`tiercast explain | head`) is no error: what is written after that is dropped. */
export function quietBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (!READER_GONE.has(error.code)) throw error;
    });
  }
}
