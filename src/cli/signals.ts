import { EXIT } from "./exit-codes.ts";
import { note } from "./output.ts";

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

/**
 * A reader that went away (`tiercast explain | head`) is no error: what is written after that is dropped. Output
 * that cannot be written for another reason (the disk is full) is said once and ends in exit 1, but it ends no
 * daemon: a full disk under a log must not take the scaling with it.
 */
export function quietBrokenPipes(): void {
  process.stderr.on("error", () => undefined);
  let said = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (said || READER_GONE.has(error.code)) return;
    said = true;
    note(`tiercast: standard output cannot be written (${error.code}): what it should carry is lost`);
    process.once("exit", () => {
      process.exitCode ||= EXIT.error;
    });
  });
}
