import { FORECAST_LEVELS } from "../../model/forecast.ts";
import { pinball } from "../ensemble/weights.ts";

/** Levels that are emitted: those of the weighted quantile loss, and of the 90 % interval. */
export const SCORE_LEVELS: readonly number[] = [0.05, 0.1, 0.5, 0.9, 0.95];

/** Levels whose pinball loss makes up the weighted quantile loss. */
export const LOSS_LEVELS: readonly number[] = [0.1, 0.5, 0.9];

const AT_LEVEL = new Map(FORECAST_LEVELS.map((level, row) => [level, row]));

/** Sums over the steps of one forecast up to one horizon; gaps are not scored. */
export interface ForecastLoss {
  readonly scored: number;
  readonly absoluteError: number;
  readonly quantileLoss: number;
  readonly absoluteTruth: number;
  readonly inside: number;
  readonly width: number;
  /** Twice the pinball loss, for each of `FORECAST_LEVELS`. */
  readonly pinball: Float64Array;
  /** Truths at or below the quantile, for each of `FORECAST_LEVELS`. */
  readonly below: Float64Array;
}

/** One quantile level of one model at one horizon. */
export interface LevelScore {
  readonly level: number;
  /** Mean of twice the pinball loss, in the unit of demand; at 0.5 the mean absolute error. */
  readonly pinball: number;
  /** Share of truths at or below the quantile: `level` when the forecast is calibrated. */
  readonly below: number;
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
  /** The same width in the unit of demand. */
  readonly width90Rps: number;
  /** Weighted quantile loss over that of naive at the same origins; below 1 is better. */
  readonly relativeLoss: number;
  /** The same over seasonal naive; NaN where it cannot answer at every origin. */
  readonly relativeLossSeasonal: number;
  /** One for each of `FORECAST_LEVELS`: over all scored steps. */
  readonly levels: readonly LevelScore[];
}

/** `quantiles` holds one row per level of `FORECAST_LEVELS`. */
export function forecastLoss(
  truth: Float64Array,
  quantiles: readonly Float64Array[],
  steps: number,
): ForecastLoss {
  const loss = { scored: 0, absoluteError: 0, quantileLoss: 0, absoluteTruth: 0, inside: 0, width: 0 };
  const pinballs = new Float64Array(FORECAST_LEVELS.length);
  const below = new Float64Array(FORECAST_LEVELS.length);
  const at = (level: number, h: number): number => quantiles[AT_LEVEL.get(level) ?? -1]?.[h] ?? Number.NaN;
  for (let h = 0; h < Math.min(steps, truth.length); h++) {
    const value = truth[h] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    loss.scored++;
    loss.absoluteError += Math.abs(value - at(0.5, h));
    let sum = 0;
    for (const level of LOSS_LEVELS) sum += pinball(value, at(level, h), level);
    loss.quantileLoss += sum / LOSS_LEVELS.length;
    loss.absoluteTruth += Math.abs(value);
    if (value >= at(0.05, h) && value <= at(0.95, h)) loss.inside++;
    loss.width += at(0.95, h) - at(0.05, h);
    FORECAST_LEVELS.forEach((level, row) => {
      const quantile = quantiles[row]?.[h] ?? Number.NaN;
      pinballs[row] = (pinballs[row] ?? 0) + pinball(value, quantile, level);
      if (value <= quantile) below[row] = (below[row] ?? 0) + 1;
    });
  }
  return { ...loss, pinball: pinballs, below };
}

/** Losses at the same origins of what a model is compared with; `seasonal` is undefined where it cannot answer. */
export interface ReferenceLosses {
  readonly naive: readonly ForecastLoss[];
  readonly seasonal: readonly ForecastLoss[] | undefined;
}

/** Origins without truth at the horizon do not count. `scale` is the denominator of MASE. */
export function horizonScore(
  losses: readonly ForecastLoss[],
  references: ReferenceLosses,
  scale: number,
  horizon: { readonly horizonMs: number; readonly steps: number },
): HorizonScore {
  const used = losses.filter((loss) => loss.scored > 0);
  const mean = (pick: (loss: ForecastLoss) => number): number =>
    used.reduce((sum, loss) => sum + pick(loss), 0) / used.length;
  const own = lossRatio(used);
  const width = mean((loss) => loss.width / loss.scored);
  return {
    ...horizon,
    origins: used.length,
    mase: mean((loss) => loss.absoluteError / loss.scored) / scale,
    weightedQuantileLoss: own,
    coverage90: mean((loss) => loss.inside / loss.scored),
    width90: width / scale,
    width90Rps: width,
    relativeLoss: own / lossRatio(references.naive),
    relativeLossSeasonal:
      references.seasonal === undefined ? Number.NaN : own / lossRatio(references.seasonal),
    levels: levelScores(used),
  };
}

function levelScores(losses: readonly ForecastLoss[]): readonly LevelScore[] {
  const scored = losses.reduce((sum, loss) => sum + loss.scored, 0);
  return FORECAST_LEVELS.map((level, row) => {
    let lost = 0;
    let below = 0;
    for (const loss of losses) {
      lost += loss.pinball[row] ?? 0;
      below += loss.below[row] ?? 0;
    }
    return { level, pinball: lost / scored, below: below / scored };
  });
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
