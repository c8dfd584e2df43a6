import { createLog, type LogLevel, type RedactingLog } from "../log.ts";
import type { CommandCall } from "./command-spec.ts";
import { textOption } from "./options.ts";

const LEVELS: readonly LogLevel[] = ["silent", "error", "warn", "info"];

/** The log of this process on stderr, down to `--log-level`. */
export function openLog(call: CommandCall, standard: LogLevel): RedactingLog {
  const asked = textOption(call, "logLevel");
  return createLog({ level: LEVELS.find((known) => known === asked) ?? standard, format: "auto" });
}
