import { quantileAt } from "../model/forecast.ts";
import type { Subject } from "./forecast-subject.ts";

/** Central prediction intervals that are shown, by level. */
const SHOWN_INTERVALS = [0.9, 0.5] as const;

export interface HorizonRow {
  readonly horizonMs: number;
  /** Index of the step that the figures are of. */
  readonly step: number;
  /** Where that step starts: `[startsMs, startsMs + stepMs)`. */
  readonly startsMs: number;
  readonly medianRps: number;
  readonly intervals: readonly { readonly level: number; readonly lower: number; readonly upper: number }[];
  readonly coverage90: number | null;
  readonly weights: Readonly<Record<string, number>>;
}

/** The step that each horizon ends with. */
export function horizonRows({ forecast, evidence, horizonsMs }: Subject): readonly HorizonRow[] {
  const steps = forecast.quantiles[0]?.length ?? 0;
  return horizonsMs.flatMap((horizonMs, index) => {
    const step = Math.max(0, Math.ceil(horizonMs / forecast.stepMs) - 1);
    if (step >= steps) return [];
    const row: HorizonRow = {
      horizonMs,
      step,
      startsMs: forecast.cutoffMs + step * forecast.stepMs,
      medianRps: quantileAt(forecast, 0.5, step),
      intervals: SHOWN_INTERVALS.map((level) => ({
        level,
        lower: quantileAt(forecast, (1 - level) / 2, step),
        upper: quantileAt(forecast, (1 + level) / 2, step),
      })),
      coverage90: evidence.coverage90[index] ?? null,
      weights: Object.fromEntries(
        Object.entries(evidence.weights).map(([member, weights]) => [member, weights[index] ?? 0]),
      ),
    };
    return [row];
  });
}
