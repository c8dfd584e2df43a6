import type { Log } from "../model/ports.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { textOption } from "./options.ts";
import { note } from "./output.ts";

const LEVELS = ["silent", "error", "warn", "info"] as const;
type Level = (typeof LEVELS)[number];

/**
 * The log of this process on stderr, down to `--log-level`: lines for people on a terminal, JSON lines (pino)
 * otherwise. Lines are written before the call returns, so none is lost when the process ends.
 */
export async function openLog(call: CommandCall, standard: Level): Promise<Log> {
  const asked = textOption(call, "logLevel");
  const level = LEVELS.find((known) => known === asked) ?? standard;
  if (process.stderr.isTTY || level === "silent") return peopleLog(level);
  return jsonLog(level);
}

function peopleLog(level: Level): Log {
  const limit = LEVELS.indexOf(level);
  const say =
    (own: Level): Log["info"] =>
    (stage, message, fields) => {
      if (LEVELS.indexOf(own) > limit) return;
      const rest = fields === undefined ? "" : ` ${JSON.stringify(fields)}`;
      note(escapeText(`${own === "info" ? "" : `${own}: `}${stage}: ${message}${rest}`));
    };
  return { info: say("info"), warn: say("warn"), error: say("error") };
}

async function jsonLog(level: Level): Promise<Log> {
  const { pino } = await import("pino");
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = pino(options, pino.destination({ fd: 2, sync: true }));
  return {
    info: (stage, message, fields) => logger.info({ stage, ...fields }, message),
    warn: (stage, message, fields) => logger.warn({ stage, ...fields }, message),
    error: (stage, message, fields) => logger.error({ stage, ...fields }, message),
  };
}
