import { parseDurationSetting } from "../config.ts";
import { DAY_MS, type DurationMs, formatDuration } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";
import { flagOption, textOption } from "./options.ts";

const SHORTEST_MS = 30 * DAY_MS;
const LONGEST_MS = 365 * DAY_MS;

export interface CapacityOptions {
  readonly horizonMs: DurationMs;
  readonly termMs: DurationMs;
  /** Undefined: the price of a baseline unit. */
  readonly commitUsd: number | undefined;
  /** Undefined: as configured; without a configuration, as the simulator chooses it. */
  readonly unitRps: number | undefined;
  readonly file: string | undefined;
  readonly write: string | undefined;
}

/** Options that mean nothing without `--capacity`, by their long names. */
const CAPACITY_ONLY = {
  file: "--file",
  commitPrice: "--commit-price",
  commitTerm: "--commit-term",
  unitRps: "--unit-rps",
  events: "--events",
  write: "--write",
  step: "--step",
  timeZone: "--time-zone",
  timeColumn: "--time-column",
  valueColumn: "--value-column",
} as const;

/** Options of `plan --capacity`; undefined without that flag. Throws a `UserError` for what does not go together. */
export function capacityOptions(call: CommandCall): CapacityOptions | undefined {
  const horizon = textOption(call, "capacity");
  if (horizon === undefined) {
    const given = Object.entries(CAPACITY_ONLY).find(([name]) => textOption(call, name) !== undefined);
    if (given !== undefined)
      throw new UserError(`${given[1]}: is for capacity planning (add --capacity 90d)`);
    return undefined;
  }
  for (const [name, flag] of [
    ["detailedExitcode", "--detailed-exitcode"],
    ["requireEngine", "--require-engine"],
  ] as const) {
    if (flagOption(call, name)) throw new UserError(`${flag}: is not for --capacity, which runs no engine`);
  }
  const term = textOption(call, "commitTerm");
  return {
    horizonMs: daysOption(horizon, "--capacity"),
    termMs: daysOption(term ?? "365d", "--commit-term"),
    commitUsd: amountOption(call, "commitPrice", "--commit-price"),
    unitRps: amountOption(call, "unitRps", "--unit-rps"),
    file: textOption(call, "file"),
    write: textOption(call, "write"),
  };
}

function daysOption(text: string, flag: string): DurationMs {
  const durationMs = parseDurationSetting(text, flag);
  if (durationMs >= SHORTEST_MS && durationMs <= LONGEST_MS) return durationMs;
  throw new UserError(`${flag}: ${formatDuration(durationMs)} is not between 30d and 365d (write 90d)`);
}

function amountOption(call: CommandCall, name: string, flag: string): number | undefined {
  const text = textOption(call, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^[\d.]/.test(text) && value > 0 && value < 1e15) return value;
  throw new UserError(`${flag}: "${text}" is no number above 0`);
}
