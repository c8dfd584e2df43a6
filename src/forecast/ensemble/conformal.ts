import { HOUR_MS } from "../../model/time.ts";
import { knotPlace, normalQuantile } from "../kernels/error-quantiles.ts";
import { clamp } from "../kernels/statistics.ts";
import { stepWeights } from "./step-weights.ts";
import { BUCKET_ENDS_MS, withinHour } from "./weights.ts";

/** Levels that are calibrated, each on its own; the median is where the members put it. */
export const CALIBRATED_LEVELS: readonly number[] = [
  0.01, 0.025, 0.05, 0.1, 0.5, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999,
];
const MEDIAN = CALIBRATED_LEVELS.indexOf(0.5);

/** What past truths taught about one bucket of horizons. Mutated in place by `addScore` and `fadeCalibration`. */
export interface Calibration {
  /** Shift of each of `CALIBRATED_LEVELS`, in standard deviations of the forecast. */
  readonly offsets: Float64Array;
  /** Faded sum of absolute errors of the median, and of their shares. */
  error: number;
  count: number;
}

/** Factors on the distances to the median above and below it. */
export interface WidthFactors {
  readonly above: number;
  readonly below: number;
}

/** The calibration of one step ahead: of its bucket, or between two. */
export interface StepCalibration {
  readonly offsets: Float64Array;
  /** Recent mean absolute error of the median. */
  readonly error: number;
  readonly aheadMs: number;
  readonly factors: WidthFactors;
}

/** Share of a normal law's correction that one score makes: 1 / 170 a cutoff, about a week of hourly ones. */
const RATE = 0.006;
/** Beyond an hour scores of neighbouring cutoffs tell of the same error, half a day long: half as fast. */
const FAR_RATE = 0.003;
/**
 * Errors a day ahead are measured over few days: the outer levels (0.05 and beyond, 0.95 and beyond) start this
 * much wider at 24 h, in proportion to log time from an hour on. Student's t at 8 days gives 1.13 at 95 %.
 */
const FAR_WIDER = 0.15;
/** Largest shift, in standard deviations: what is learned from a broken week is unlearned in weeks, not months. */
const LIMIT = 5;
/** Least unit of a shift, as a share of the recent error: a forecast without width must be able to widen. */
const LEAST_UNIT = 0.25;
const ERROR_HALF_LIFE_MS = 24 * HOUR_MS;
/** Standard deviations of a normal law between its deciles 0.1 and 0.9. */
const DECILE_SPAN = 2.563;

const isOuter = (level: number): boolean => level <= 0.05 || level >= 0.95;

/** Per level: what a score shifts it by, times the miss of the share that should lie below. */
const NEAR_RATES = CALIBRATED_LEVELS.map((level) => RATE / densityAt(level));
const FAR_RATES = CALIBRATED_LEVELS.map((level) => FAR_RATE / densityAt(level));

export function newCalibration(): Calibration {
  return { offsets: new Float64Array(CALIBRATED_LEVELS.length), error: 0, count: 0 };
}

/** One for each bucket of horizons. */
export function newCalibrations(): Calibration[] {
  return BUCKET_ENDS_MS.map(() => newCalibration());
}

export function fadeCalibration(calibration: Calibration, elapsedMs: number): void {
  const keep = 0.5 ** (elapsedMs / ERROR_HALF_LIFE_MS);
  calibration.error *= keep;
  calibration.count *= keep;
}

/**
 * Takes in one truth. `shown[l]`: the forecast at `CALIBRATED_LEVELS[l]` as it was given out; `share`: what the
 * knot counts in `bucket` (`knotShares`).
 *
 * Each level moves up when the truth lay above it and down when below, by so much that it rests where the
 * promised share of truths lies below it (quantile tracking: Gibbs and Candes 2021, Angelopoulos et al. 2023).
 * The step is Newton's for a normal law, rate / density, so tails, which are seldom missed, answer strongly:
 *
 *     level                        0.9    0.95   0.99   0.999
 *     one miss moves it by, in sd  0.03   0.06   0.22   1.8
 *
 * A truth that meets the level exactly (an atom: no demand, a full queue) says nothing.
 */
export function addScore(
  calibration: Calibration,
  bucket: number,
  share: number,
  truth: number,
  shown: ArrayLike<number>,
): void {
  const { offsets } = calibration;
  const rates = withinHour(bucket) ? NEAR_RATES : FAR_RATES;
  for (let l = 0; l < offsets.length; l++) {
    const step = share * (rates[l] as number) * missOf(truth, shown[l] as number, l);
    offsets[l] = clamp((offsets[l] as number) + step, -LIMIT, LIMIT);
  }
  const error = Math.abs(truth - (shown[MEDIAN] ?? Number.NaN));
  if (!Number.isFinite(error)) return;
  calibration.error += share * error;
  calibration.count += share;
}

/** The level less the share of this one truth that lies below it. */
function missOf(truth: number, quantile: number, l: number): number {
  if (l === MEDIAN || truth === quantile || Number.isNaN(truth - quantile)) return 0;
  return (CALIBRATED_LEVELS[l] as number) - (truth < quantile ? 1 : 0);
}

/** `factors`: of the step's bucket. */
export function calibrationAt(
  calibrations: readonly Calibration[],
  factors: WidthFactors,
  aheadMs: number,
): StepCalibration {
  const errors = calibrations.map(({ error, count }) => Float64Array.of(count > 0 ? error / count : 0));
  return {
    offsets: stepWeights(
      calibrations.map(({ offsets }) => offsets),
      aheadMs,
    ),
    error: stepWeights(errors, aheadMs)[0] ?? 0,
    aheadMs,
    factors,
  };
}

/** Calibrates, in place, the quantiles of one step. Afterwards they rise with the level and none is negative. */
export type Calibrator = (quantiles: Float64Array, at: StepCalibration) => void;

/** For quantiles at `levels`, which hold 0.1, 0.5 and 0.9. Levels between calibrated ones shift in between. */
export function calibratorFor(levels: readonly number[]): Calibrator {
  const [low, middle, high] = [0.1, 0.5, 0.9].map((level) => levels.indexOf(level)) as [
    number,
    number,
    number,
  ];
  const knots = CALIBRATED_LEVELS.map(normalQuantile);
  const places = levels.map((level) => knotPlace(knots, normalQuantile(level)));
  const outer = levels.map(isOuter);
  const offsetAt = (offsets: Float64Array, l: number): number => {
    const { low: knot, share } = places[l] ?? { low: 0, share: 0 };
    const from = offsets[knot] ?? 0;
    return from + ((offsets[knot + 1] ?? from) - from) * share;
  };
  return (quantiles, { offsets, error, aheadMs, factors }) => {
    quantiles.sort();
    const [bottom, centre, top] = [low, middle, high].map((l) => quantiles[l] as number) as [
      number,
      number,
      number,
    ];
    const unit = Math.max((top - bottom) / DECILE_SPAN, LEAST_UNIT * error);
    const wider = farFactor(aheadMs);
    for (let l = 0; l < quantiles.length; l++) {
      const said = ((quantiles[l] as number) - centre) * (outer[l] ? wider : 1);
      const distance = said + offsetAt(offsets, l) * unit;
      quantiles[l] = Math.max(0, centre + distance * (distance > 0 ? factors.above : factors.below));
    }
    riseOutward(quantiles, middle);
  };
}

/**
 * Quantiles that crossed are pulled apart from the median outward. Sorted, two levels would swap their places and
 * each would learn from the other's misses: they then run away from each other.
 */
function riseOutward(quantiles: Float64Array, middle: number): void {
  for (let l = middle + 1; l < quantiles.length; l++) {
    quantiles[l] = Math.max(quantiles[l] as number, quantiles[l - 1] as number);
  }
  for (let l = middle - 1; l >= 0; l--) {
    quantiles[l] = Math.min(quantiles[l] as number, quantiles[l + 1] as number);
  }
}

/** 1 up to an hour ahead, 1 + `FAR_WIDER` from 24 h on. */
function farFactor(aheadMs: number): number {
  return 1 + FAR_WIDER * clamp(Math.log(aheadMs / HOUR_MS) / Math.log(24), 0, 1);
}

/** Density of a standard normal law at its quantile `level`. */
function densityAt(level: number): number {
  return Math.exp(-(normalQuantile(level) ** 2) / 2) / Math.sqrt(2 * Math.PI);
}
