import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";
import type { ForecastContext, ForecasterSpec } from "../forecaster.ts";
import { type ErrorQuantiles, errorQuantiles, offsetRows } from "./error-quantiles.ts";
import { lastKnownIndex, meanSize, median } from "./statistics.ts";

/**
 * Where "the same time" is looked up, the mean of what is found: so many days back (a gap as many again, up
 * to a week further), or on the last day of the same kind, working day or weekend.
 */
export type Look = readonly number[] | "same-kind";

export interface LookBackState {
  readonly look: Look;
  readonly errors: ErrorQuantiles;
  /** Answer where nothing that far back is known. */
  readonly fallback: number;
}

/**
 * A seasonal naive member: the demand at the same local time before. Of several looks, the one with the
 * smallest mean absolute error over the history; quantiles from its own past errors.
 */
export function lookBackSpec(
  name: string,
  looks: readonly Look[],
  spanMs: number,
): ForecasterSpec<LookBackState> {
  return {
    name,
    cost: "light",
    needs: { knownSteps: 12, spanMs },
    estimate: (history, context) => {
      if (history.stepMs > DAY_MS / 2) return "needs at least two steps a day";
      const best = bestLook(history, context, looks);
      if (best === undefined) return "no pair of days to compare";
      return {
        look: best.look,
        errors: errorQuantiles([1], [best.errors]),
        fallback: median(history.values),
      };
    },
    quantiles: (state, history, context, steps, levels) => {
      const endMs = history.startMs + history.values.length * history.stepMs;
      const last = history.values[lastKnownIndex(history.values)];
      const point = Float64Array.from(steps, (step) => {
        const same = lookBack(history, context, endMs + (step - 1) * history.stepMs, state.look);
        return Number.isNaN(same) ? (last ?? state.fallback) : same;
      });
      const rows = offsetRows(state.errors, steps, levels);
      for (const row of rows) {
        for (let j = 0; j < row.length; j++) row[j] = (row[j] ?? 0) + (point[j] ?? 0);
      }
      return rows;
    },
  };
}

/** The look with the smallest mean absolute error, of those with six errors or more. */
function bestLook(
  history: DemandSeries,
  context: ForecastContext,
  looks: readonly Look[],
): { readonly look: Look; readonly errors: Float64Array } | undefined {
  const judged = looks
    .map((look) => ({ look, errors: lookErrors(history, context, look) }))
    .filter(({ errors }) => errors.length >= 6)
    .map((own) => ({ ...own, size: meanSize(own.errors) }));
  return judged.sort((a, b) => a.size - b.size)[0];
}

function lookErrors(history: DemandSeries, context: ForecastContext, look: Look): Float64Array {
  const { startMs, stepMs, values } = history;
  const errors = values.map((value, i) => value - lookBack(history, context, startMs + i * stepMs, look));
  return errors.filter((error) => !Number.isNaN(error));
}

/** The mean over the looks that find a known value; NaN when none does. */
function lookBack(history: DemandSeries, { clock }: ForecastContext, utcMs: number, look: Look): number {
  if (look === "same-kind") return lastOfKind(history, { clock }, utcMs);
  let sum = 0;
  let count = 0;
  for (const every of look) {
    const value = firstKnown(history, { clock }, utcMs, every);
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? Number.NaN : sum / count;
}

/** The first known value `every`, twice `every`, ... days before; steps still to come are passed over. */
function firstKnown(
  { values, startMs, stepMs }: DemandSeries,
  { clock }: ForecastContext,
  utcMs: number,
  every: number,
): number {
  const aheadDays = Math.max(0, (utcMs - startMs - values.length * stepMs) / DAY_MS);
  const furthest = every + 7 + Math.ceil(aheadDays / every) * every;
  for (let days = every; days <= furthest; days += every) {
    const index = Math.round((clock.sameTimeBefore(utcMs, days) - startMs) / stepMs);
    if (index < 0) break;
    const value = values[index] ?? Number.NaN;
    if (!Number.isNaN(value)) return value;
  }
  return Number.NaN;
}

/** The last known value at this local time on a day of the same kind, at most two weeks before. */
function lastOfKind(
  { values, startMs, stepMs }: DemandSeries,
  { clock }: ForecastContext,
  utcMs: number,
): number {
  const weekend = isWeekend(clock.localMs(utcMs));
  const aheadDays = Math.ceil(Math.max(0, (utcMs - startMs - values.length * stepMs) / DAY_MS));
  for (let days = 1; days <= 14 + aheadDays; days++) {
    const beforeMs = clock.sameTimeBefore(utcMs, days);
    if (isWeekend(clock.localMs(beforeMs)) !== weekend) continue;
    const index = Math.round((beforeMs - startMs) / stepMs);
    if (index < 0) break;
    const value = values[index] ?? Number.NaN;
    if (!Number.isNaN(value)) return value;
  }
  return Number.NaN;
}

/** 1970-01-01 was a Thursday. */
function isWeekend(localMs: number): boolean {
  const weekday = (Math.floor(localMs / DAY_MS) + 4) % 7;
  return weekday === 0 || weekday === 6;
}
