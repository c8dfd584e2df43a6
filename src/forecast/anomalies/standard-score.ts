import { normalQuantile } from "../kernels/error-quantiles.ts";
import { clamp } from "../kernels/statistics.ts";

/** A one-step forecast of one value: `quantiles[k]` is the `levels[k]` quantile; levels rise. */
export interface StepForecast {
  readonly levels: readonly number[];
  readonly quantiles: ArrayLike<number>;
}

/** Scores beyond this say no more. */
export const FARTHEST = 99;

/**
 * Where `value` lies in its forecast, in standard deviations of a normal law: 0 at the median, 1.64 at the 0.95
 * quantile, whatever the shape between. Beyond the outermost quantile the spread of that side goes on, so a wide upper
 * tail makes a high value less of a surprise than a low one. `leastSigma` keeps a forecast without width finite.
 */
export function standardScore(value: number, forecast: StepForecast, leastSigma: number): number {
  const { levels, quantiles } = forecast;
  const middle = middleOf(forecast);
  const side = value >= middle ? 1 : -1;
  const at = side > 0 ? levels.length - 1 : 0;
  const edge = quantiles[at] ?? middle;
  const edgeScore = Math.abs(normalQuantile(levels[at] ?? 0.5));
  const width = Math.abs(edge - middle);
  // A forecast narrower than the least spread is judged by that spread alone.
  if (width <= leastSigma * edgeScore) return bounded((value - middle) / leastSigma);
  const beyond = side * (value - edge);
  if (beyond <= 0) return within(value, forecast);
  return bounded(side * (edgeScore + (beyond * edgeScore) / width));
}

function bounded(score: number): number {
  return clamp(score, -FARTHEST, FARTHEST);
}

/** Score of a value between the outermost quantiles: linear between those it lies between. */
function within(value: number, { levels, quantiles }: StepForecast): number {
  for (let k = 1; k < levels.length; k++) {
    const high = quantiles[k] ?? Number.NaN;
    if (high < value) continue;
    const low = quantiles[k - 1] ?? high;
    const share = high > low ? (value - low) / (high - low) : 0.5;
    const lowScore = normalQuantile(levels[k - 1] ?? 0.5);
    return lowScore + share * (normalQuantile(levels[k] ?? 0.5) - lowScore);
  }
  return normalQuantile(levels.at(-1) ?? 0.5);
}

/** The median, or what lies nearest to it. */
export function middleOf({ levels, quantiles }: StepForecast): number {
  let best = 0;
  levels.forEach((level, k) => {
    if (Math.abs(level - 0.5) < Math.abs((levels[best] ?? 0) - 0.5)) best = k;
  });
  return quantiles[best] ?? Number.NaN;
}

/** Spread of the upper (or lower) half, as the standard deviation of a normal law with the same outermost quantile. */
export function sigmaOf({ levels, quantiles }: StepForecast, upper: boolean): number {
  // The decile speaks for the body of the law; the outermost quantile is made of few cases.
  const aim = upper ? 0.9 : 0.1;
  let best = upper ? levels.length - 1 : 0;
  levels.forEach((level, k) => {
    if (Math.abs(level - aim) < Math.abs((levels[best] ?? 0) - aim)) best = k;
  });
  const score = Math.abs(normalQuantile(levels[best] ?? aim));
  return score < 1e-9 ? 0 : Math.abs((quantiles[best] ?? 0) - middleOf({ levels, quantiles })) / score;
}
