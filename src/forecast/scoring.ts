import { pinball } from "./weights.ts";

/** Levels of the weighted quantile loss, and of the 90 % interval. */
export const SCORE_LEVELS: readonly number[] = [0.05, 0.1, 0.5, 0.9, 0.95];

/** Sums over the steps of one forecast up to one horizon; gaps are not scored. */
export interface ForecastLoss {
  readonly scored: number;
  readonly absoluteError: number;
  readonly quantileLoss: number;
  readonly absoluteTruth: number;
  readonly inside: number;
  readonly width: number;
}

/** One model at one horizon (cumulative from the first step), over all origins. */
export interface HorizonScore {
  readonly horizonMs: number;
  readonly steps: number;
  readonly origins: number;
  /**
   * Mean absolute error over that of "same as yesterday" in the first training window (Hyndman and Koehler
   * 2006).
   */
  readonly mase: number;
  /** Mean of twice the pinball losses at 0.1, 0.5 and 0.9 over the mean absolute demand. */
  readonly weightedQuantileLoss: number;
  /** Share of truths inside the 90 % interval: mean over origins. */
  readonly coverage90: number;
  /** Mean width of the 90 % interval, in units of the scale of `mase`. */
  readonly width90: number;
  /** Weighted quantile loss over that of naive at the same origins; below 1 is better. */
  readonly relativeLoss: number;
}

/** `quantiles` holds one row per level of `SCORE_LEVELS`. */
export function forecastLoss(
  truth: Float64Array,
  quantiles: readonly Float64Array[],
  steps: number,
): ForecastLoss {
  const loss = { scored: 0, absoluteError: 0, quantileLoss: 0, absoluteTruth: 0, inside: 0, width: 0 };
  for (let h = 0; h < Math.min(steps, truth.length); h++) {
    const value = truth[h] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    const at = (row: number): number => quantiles[row]?.[h] ?? Number.NaN;
    loss.scored++;
    loss.absoluteError += Math.abs(value - at(2));
    loss.quantileLoss +=
      (pinball(value, at(1), 0.1) + pinball(value, at(2), 0.5) + pinball(value, at(3), 0.9)) / 3;
    loss.absoluteTruth += Math.abs(value);
    if (value >= at(0) && value <= at(4)) loss.inside++;
    loss.width += at(4) - at(0);
  }
  return loss;
}

/** Origins without truth at the horizon do not count. `scale` is the denominator of MASE. */
export function horizonScore(
  losses: readonly ForecastLoss[],
  naiveLosses: readonly ForecastLoss[],
  scale: number,
  horizon: { readonly horizonMs: number; readonly steps: number },
): HorizonScore {
  const used = losses.filter((loss) => loss.scored > 0);
  const mean = (pick: (loss: ForecastLoss) => number): number =>
    used.reduce((sum, loss) => sum + pick(loss), 0) / used.length;
  return {
    ...horizon,
    origins: used.length,
    mase: mean((loss) => loss.absoluteError / loss.scored) / scale,
    weightedQuantileLoss: lossRatio(used),
    coverage90: mean((loss) => loss.inside / loss.scored),
    width90: mean((loss) => loss.width / loss.scored) / scale,
    relativeLoss: lossRatio(used) / lossRatio(naiveLosses.filter((loss) => loss.scored > 0)),
  };
}

function lossRatio(losses: readonly ForecastLoss[]): number {
  let loss = 0;
  let truth = 0;
  for (const one of losses) {
    loss += one.quantileLoss;
    truth += one.absoluteTruth;
  }
  return Math.max(loss / Math.max(truth, 1e-12), 1e-12);
}
