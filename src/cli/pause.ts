import { userInfo } from "node:os";
import { parseDurationSetting } from "../config.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";
import { daemonNowMs } from "./daemon-time.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { isoTime } from "./instants.ts";
import { textOption, wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";
import { wallTimeMs } from "./wall-time.ts";
import { withJournal } from "./with-journal.ts";

const MAX_REASON_CHARACTERS = 500;

/** Holds all sizes from the next cycle on. */
export async function runPause(call: CommandCall): Promise<number> {
  const until = textOption(call, "until") ?? "";
  const reason = (textOption(call, "reason") ?? "").trim();
  if (reason === "") throw new UserError("--reason: say why, for everyone who asks");
  if (reason.length > MAX_REASON_CHARACTERS)
    throw new UserError(`--reason: ${reason.length} characters, at most ${MAX_REASON_CHARACTERS}`);
  return withJournal(call, "write", (journal) => {
    const nowMs = daemonNowMs(journal.getState("status"), wallTimeMs());
    const pause = { untilMs: untilInstant(until, nowMs), reason, by: userName() };
    journal.setState("pause", pause);
    if (wantsJson(call)) printJson("Pause", { ...pause, until: isoTime(pause.untilMs) });
    else print(`paused until ${isoTime(pause.untilMs)}: sizes are held. \`tiercast resume\` ends it`);
    return EXIT.done;
  });
}

/** Ends a pause; fine when there is none. */
export async function runResume(call: CommandCall): Promise<number> {
  return withJournal(call, "write", (journal) => {
    const paused = journal.getState("pause");
    journal.setState("pause", null);
    if (wantsJson(call)) printJson("Resume", { wasPaused: paused !== null });
    else print(paused === null ? "nothing was paused" : `resumed (was paused: ${escapeText(paused.reason)})`);
    return EXIT.done;
  });
}

function untilInstant(text: string, nowMs: number): number {
  if (!/^\d{4}-/.test(text)) return nowMs + parseDurationSetting(text, "--until");
  const atMs = /T\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new UserError(
      `--until: "${text}" is no ISO time with zone (like 2026-11-22T18:00:00Z) and no duration`,
    );
  if (atMs <= nowMs) throw new UserError(`--until: ${text} is over already (it is ${isoTime(nowMs)})`);
  return atMs;
}

/** Who did it, for the record; some containers have no user name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}
