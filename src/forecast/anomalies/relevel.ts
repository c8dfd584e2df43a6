import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { clamp, median } from "../kernels/statistics.ts";
import type { LocalClock } from "../local-clock.ts";

/** Days before a level shift that say what was usual. */
const USUAL_DAYS = 7;
/** Steps after it that say what the level is now: a day at most. */
const LATEST_MS = DAY_MS;
/** Steps that a ratio is made of at least. */
const LEAST_STEPS = 6;
/** A ratio nearer to 1 is noise. */
const LEAST_SHARE = 0.05;

/**
 * History as it would have been at the level of now: what lies before a level shift is multiplied by the ratio of the
 * levels, so that the rhythm of weeks is kept and the level of hours ago is what members learn and look back on.
 *
 * The ratio is the median over the steps since the shift (a day at most) of demand over the mean of the same local time
 * on the `USUAL_DAYS` before; a shift without enough of both is left alone. With several shifts, each counts for what
 * lies before it. A shift that began within the last hour is not believed yet.
 */
export function relevelled(
  history: DemandSeries,
  clock: LocalClock,
  shiftStartsMs: readonly number[],
): DemandSeries {
  const nowMs = history.startMs + history.values.length * history.stepMs;
  const starts = shiftStartsMs
    .filter((ms) => ms > history.startMs && nowMs - ms >= HOUR_MS)
    .sort((a, b) => a - b);
  if (starts.length === 0) return history;
  const values = history.values.slice();
  starts.forEach((startMs, i) => {
    const series = { ...history, values };
    const ratio = ratioAt(series, clock, startMs, Math.min(starts[i + 1] ?? nowMs, startMs + LATEST_MS));
    if (ratio === undefined) return;
    const until = Math.round((startMs - history.startMs) / history.stepMs);
    for (let row = 0; row < until; row++) values[row] = (values[row] ?? Number.NaN) * ratio;
  });
  return { ...history, values };
}

/** Level in `[startMs, toMs)` over what was usual before; undefined where either is not known well enough. */
function ratioAt(series: DemandSeries, clock: LocalClock, startMs: number, toMs: number): number | undefined {
  const { values, stepMs } = series;
  const ratios: number[] = [];
  for (let ms = startMs; ms < toMs; ms += stepMs) {
    const value = values[rowAt(series, ms)] ?? Number.NaN;
    const usual = median(usualAt(series, clock, startMs, ms));
    if (usual > 0 && !Number.isNaN(value)) ratios.push(value / usual);
  }
  if (ratios.length < LEAST_STEPS) return undefined;
  const ratio = clamp(median(ratios), 0.02, 50);
  return Math.abs(ratio - 1) < LEAST_SHARE ? undefined : ratio;
}

/** What the same local time brought on the days before the shift. */
function usualAt(series: DemandSeries, clock: LocalClock, startMs: number, ms: number): readonly number[] {
  const before: number[] = [];
  for (let day = 1; day <= USUAL_DAYS + 1; day++) {
    const sameMs = clock.sameTimeBefore(ms, day);
    const same = series.values[rowAt(series, sameMs)] ?? Number.NaN;
    if (sameMs < startMs && !Number.isNaN(same)) before.push(same);
  }
  return before;
}

function rowAt({ startMs, stepMs }: DemandSeries, ms: number): number {
  return Math.round((ms - startMs) / stepMs);
}
