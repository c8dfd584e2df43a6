import { parseDurationSetting } from "../config.ts";
import type { ActivityCounts, ActivityFormat } from "../model/activity.ts";
import { UserError } from "../model/user-error.ts";
import { zoneOffset } from "../model/zone-offset.ts";
import {
  BEHAVIOUR_SETTINGS,
  type Behaviour,
  type BehaviourSettings,
  endActivity,
  newBehaviour,
  takeActivity,
} from "../profile/behaviour.ts";
import { type BehaviourReport, behaviourReport } from "../profile/behaviour-report.ts";
import type { SecurityPolicy } from "../profile/security.ts";
import type { CommandCall } from "./command-spec.ts";
import { EXIT } from "./exit-codes.ts";
import { isoTime } from "./instants.ts";
import { numberOption, textOption, wantsJson } from "./options.ts";
import { note, print, printJson } from "./output.ts";
import { profilePage } from "./profile-page.ts";
import { type LogReading, readLogs } from "./profile-read.ts";
import { profileLines } from "./profile-text.ts";
import { progressLine } from "./progress-line.ts";
import { zoneOption } from "./zone-option.ts";

/** Reads logs once, in bounded memory, and shows what they say about their users. Nothing is stored. */
export async function runProfile(call: CommandCall): Promise<number> {
  const paths = call.args.filter((path) => path !== undefined);
  const timeZone = zoneOption(call) ?? "UTC";
  const state = newBehaviour(behaviourSettings(call, timeZone));
  const counts = await read(call, paths, state);
  call.context.signal.throwIfAborted();
  endActivity(state);
  const report = behaviourReport(state, {
    sequenceModel: call.options["sequenceModel"] !== false,
    leastSessions: 5,
    prefetchBytes: numberOption(call, "prefetch") ?? 10_000_000,
    horizonMs: 300_000,
  });
  warn(report, counts);
  const reading: LogReading = { name: paths.join(", "), timeZone, counts };
  if (call.options["output"] === "html") print(profilePage(report, reading));
  else if (wantsJson(call)) printProfile(report, reading);
  else print(profileLines(report, reading).join("\n"));
  return EXIT.done;
}

async function read(call: CommandCall, paths: readonly string[], state: Behaviour): Promise<ActivityCounts> {
  const line = progressLine(process.stderr);
  try {
    return await readLogs({
      paths,
      format: (textOption(call, "format") ?? "auto") as ActivityFormat,
      signal: call.context.signal,
      onEvent: (event) => takeActivity(state, event),
      onProgress: (events, file) => line.show(`${events.toLocaleString("en-US")} requests read, in ${file}`),
    });
  } finally {
    line.end();
  }
}

function behaviourSettings(call: CommandCall, timeZone: string): BehaviourSettings {
  const gap = textOption(call, "sessionGap");
  const holdout = numberOption(call, "holdout") ?? BEHAVIOUR_SETTINGS.holdout;
  if (holdout >= 1) throw new UserError(`--holdout: ${holdout} is no share below 1`);
  return {
    ...BEHAVIOUR_SETTINGS,
    holdout,
    ...(gap !== undefined && { gapMs: parseDurationSetting(gap, "--session-gap") }),
    policy: (textOption(call, "suspicious") ?? "serve") as SecurityPolicy,
    offsetMs: timeZone === "UTC" ? () => 0 : hourlyOffset(timeZone),
  };
}

/** Offsets change on the hour at most: one look-up an hour, not one a request. */
function hourlyOffset(timeZone: string): (atMs: number) => number {
  const offset = zoneOffset(timeZone);
  let [hour, known] = [Number.NaN, 0];
  return (atMs) => {
    const own = Math.floor(atMs / 900_000);
    if (own !== hour) [hour, known] = [own, offset(atMs)];
    return known;
  };
}

function warn({ sessions }: BehaviourReport, { rejected }: ActivityCounts): void {
  const bad = Object.entries(rejected).filter(([, count]) => count > 0);
  if (bad.length > 0) note(`warning: left out ${bad.map(([why, count]) => `${count} ${why}`).join(", ")}`);
  if (sessions.lateEvents > 0)
    note(
      `warning: ${sessions.lateEvents} requests came too late for their session (give files in order of time)`,
    );
}

function printProfile(report: BehaviourReport, { name, timeZone, counts }: LogReading): void {
  const { fromMs, toMs, security, ...rest } = report;
  const signals = security.signals.map(({ user: _user, fromMs: at, toMs: until, ...signal }) => {
    return { from: isoTime(at), to: isoTime(until), ...signal };
  });
  const period = { from: isoTime(fromMs), to: isoTime(toMs) };
  printJson("Profile", {
    files: name,
    timeZone,
    ...period,
    counts,
    ...rest,
    security: { ...security, signals },
  });
}
