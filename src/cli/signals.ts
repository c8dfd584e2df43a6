import { EXIT } from "./exit-codes.ts";

/** The first SIGINT or SIGTERM asks everything to end well; the second one ends the process at once. */
export function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  const end = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.cancelled);
    controller.abort();
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  return controller.signal;
}

/** A reader that went away (`tiercast explain | head`) is no error: what is written after that is dropped. */
export function quietBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}
