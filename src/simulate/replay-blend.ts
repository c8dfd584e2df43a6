import { type WidthFactors, widthFactors } from "../forecast/conformal.ts";
import { type OnlineResult, withinHour } from "../forecast/online.ts";
import { stepWeights, weighted } from "../forecast/step-weights.ts";
import { BUCKET_ENDS_MS, bucketOf, bucketWeights } from "../forecast/weights.ts";
import { FORECAST_LEVELS } from "../model/forecast.ts";

/** What the ensemble has learned by one instant: weights per bucket of horizons, and widths. */
export interface Learned {
  readonly online: OnlineResult;
  readonly factors: readonly WidthFactors[];
}

export function learnedOf(online: OnlineResult): Learned {
  const factors = online.calibrations.map((calibration, b) => widthFactors(calibration, withinHour(b)));
  return { online, factors };
}

/** Weights per bucket over the members that are present. */
export function weightsOf({ online }: Learned, present: readonly boolean[]): readonly Float64Array[] {
  return BUCKET_ENDS_MS.map((_, bucket) => bucketWeights(online.losses, bucket, present));
}

/**
 * The members' quantiles made one: averaged level by level with the weights of each horizon, widths
 * calibrated. The same sums in the same order as the forecast stage's ensemble makes, so the two agree to
 * the last bit where parameters do (`test/simulate/replay-forecasts.test.ts`).
 */
export function blendRows(
  rows: readonly (readonly Float64Array[] | undefined)[],
  weights: readonly Float64Array[],
  { factors }: Learned,
  stepMs: number,
): Float64Array[] {
  const steps = rows.find((row) => row !== undefined)?.[0]?.length ?? 0;
  const blended = FORECAST_LEVELS.map(() => new Float64Array(steps));
  const middleRow = FORECAST_LEVELS.indexOf(0.5);
  for (let step = 0; step < steps; step++) {
    const shares = stepWeights(weights, (step + 1) * stepMs);
    blended.forEach((row, level) => {
      row[step] = weighted(shares, rows, level, step);
    });
    const factor = factors[bucketOf((step + 1) * stepMs)] ?? { above: 1, below: 1 };
    const centre = blended[middleRow]?.[step] ?? 0;
    for (const row of blended) {
      const width = (row[step] ?? centre) - centre;
      row[step] = Math.max(0, centre + width * (width > 0 ? factor.above : factor.below));
    }
  }
  return blended;
}
