import { UserError } from "../model/user-error.ts";
import { escapeLines } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { note } from "./output.ts";

/** Says on stderr what went wrong, a line where one is enough, and returns the exit code. */
export function reportFailure(error: unknown, debug: boolean): number {
  if (error instanceof UserError) {
    note(prefixed(error.message));
    if (debug) note(escapeLines(error.stack ?? ""));
    return error.exitCode;
  }
  if (isAbort(error)) {
    note("tiercast: cancelled");
    return EXIT.cancelled;
  }
  const words = error instanceof Error ? error.message : String(error);
  note(`${prefixed(words.split("\n")[0] ?? "")} (this is a bug in tiercast; --debug shows where)`);
  if (debug && error instanceof Error) note(escapeLines(error.stack ?? ""));
  return EXIT.error;
}

function prefixed(message: string): string {
  return escapeLines(message)
    .split("\n")
    .map((line) => `tiercast: ${line}`)
    .join("\n");
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
