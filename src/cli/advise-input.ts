import type { DemandSeries } from "../model/series.ts";
import { DAY_MS, type DurationMs, durationMs, MINUTE_MS, shortDuration } from "../model/time.ts";
import { lastDays } from "../simulate/world.ts";
import type { CommandCall } from "./command-spec.ts";
import type { Input } from "./read-input.ts";
import { readSource } from "./read-source.ts";
import { withWired } from "./wired.ts";

/** The history that advice is asked for. */
export interface AdviseSubject {
  /** `csv demand.csv`. */
  readonly name: string;
  /** File and kind for `demand.source`, where a daemon could read the same; null: it could not, or is configured. */
  readonly source: { readonly kind: "csv" | "access-log"; readonly path: string } | null;
  readonly isConfigured: boolean;
  readonly series: DemandSeries;
  readonly timeZone: string;
  readonly warnings: readonly string[];
}

const CONFIGURED = { lease: "none", readOnly: true, needsDemand: true } as const;

/** Reads what the command line names, or the configured source. The one place where advice gets its input. */
export async function adviseSubject(call: CommandCall, lastMs: number | undefined): Promise<AdviseSubject> {
  const input = await readSource(call, { lastMs });
  if (input !== undefined) {
    const { name, series, timeZone, warnings } = input;
    return { name, source: daemonSource(input), isConfigured: false, series, timeZone, warnings };
  }
  const found: AdviseSubject[] = [];
  await withWired(call, CONFIGURED, async ({ parts }, { settings }) => {
    const { timeZone, historyMs } = settings.demand;
    const series = await parts.demand.read(parts.clock.nowMs(), historyMs);
    found.push({ name: parts.demand.name, source: null, isConfigured: true, series, timeZone, warnings: [] });
    return 0;
  });
  const [subject] = found;
  if (subject === undefined) throw new Error("the configured source was not read");
  return subject;
}

/** What a daemon can read by path alone: no parquet file, no standard input, no server. */
function daemonSource({ kind, path }: Input): AdviseSubject["source"] {
  return (kind === "csv" || kind === "access-log") && path !== STDIN_NAME ? { kind, path } : null;
}

/** As `readInput` names it. */
const STDIN_NAME = "standard input";

/** Four weeks of minutes: what is advised on in under five minutes. */
const MOST_STEPS = 28 * 1440;

/**
 * What is looked at: means of a minute where the grid is finer (a fit on seconds takes an hour, and no unit is
 * ready in one), the last `lastMs`, or else the last 40,320 steps; with a line for each cut.
 */
export function advisedPart(
  series: DemandSeries,
  lastMs: number | undefined,
): { readonly series: DemandSeries; readonly notes: readonly string[] } {
  const notes: string[] = [];
  const grid = series.stepMs < MINUTE_MS ? coarser(series, MINUTE_MS) : series;
  if (grid !== series)
    notes.push(`means of a minute are looked at, not steps of ${shortDuration(series.stepMs)}`);
  if (lastMs !== undefined) return { series: lastDays(grid, lastMs / DAY_MS), notes };
  if (grid.values.length <= MOST_STEPS) return { series: grid, notes };
  const spanMs = MOST_STEPS * grid.stepMs;
  notes.push(`only the last ${shortDuration(spanMs)} are looked at (--last takes more, and longer)`);
  return { series: lastDays(grid, spanMs / DAY_MS), notes };
}

/** Means over `stepMs`, whole steps of the finer grid each; a mean of fewer than half of them is a gap. */
function coarser(series: DemandSeries, stepMs: DurationMs): DemandSeries {
  const every = Math.round(stepMs / series.stepMs);
  if (every < 2) return series;
  const values = Float64Array.from({ length: Math.floor(series.values.length / every) }, (_, i) => {
    const own = series.values.subarray(i * every, (i + 1) * every).filter((value) => !Number.isNaN(value));
    return own.length < every / 2 ? Number.NaN : own.reduce((sum, value) => sum + value, 0) / own.length;
  });
  return { startMs: series.startMs, stepMs: durationMs(every * series.stepMs), values };
}
