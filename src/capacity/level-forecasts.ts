/** Forecasts of the logarithm of a period's level from those before `known`; undefined where they say too little. */
type LevelForecast = (logLevels: Float64Array, known: number, steps: number) => Float64Array | undefined;

/** Weight of the newest period in the smoothed level. */
const LEVEL_WEIGHT = 0.5;
const TREND_WEIGHT = 0.2;
/** A trend goes on by this share of itself each period: in the end it adds 9 periods' worth. */
const DAMPING = 0.9;
/** A trend over half a year is trusted longer: it adds 49 periods' worth. */
const LONG_DAMPING = 0.98;
const LONG_PERIODS = 26;
const LEAST_FOR_TREND = 6;
/** Periods that a flat mean looks back on. */
const MEAN_PERIODS = 8;

export interface Rhythm {
  /** 52 for weeks, 7 for days. */
  readonly seasonPeriods: number;
  /** Periods over which a season is compared with the one before. */
  readonly comparedPeriods: number;
  /** Days carry no trend: a weekend would be one. */
  readonly hasTrend: boolean;
}

export const WEEK_RHYTHM: Rhythm = { seasonPeriods: 52, comparedPeriods: 4, hasTrend: true };
export const DAY_RHYTHM: Rhythm = { seasonPeriods: 7, comparedPeriods: 7, hasTrend: false };

/**
 * Every forecast of a level that is tried, by name.
 *
 * Flat: the smoothed level, and the mean of the last eight. Trend: damped (Gardner and McKenzie 1985), and the
 * median slope of half a year (Theil and Sen). Season: the period a season ago, moved by what has changed since.
 */
export function levelForecasts(
  rhythm: Rhythm,
): readonly (readonly [name: string, forecast: LevelForecast])[] {
  return [
    ["level", flatLevel],
    ["mean", flatMean],
    ...(rhythm.hasTrend ? TRENDS : []),
    ["season", (logLevels, known, steps) => seasonAgo(logLevels, known, steps, rhythm)],
  ];
}

const TRENDS: readonly (readonly [string, LevelForecast])[] = [
  ["damped", dampedTrend],
  ["slope", medianSlope],
];

/** `logLevels` with holes filled along a line, ends held; NaN nowhere unless everywhere. */
export function withoutHoles(logLevels: Float64Array): Float64Array {
  const filled = logLevels.slice();
  let last = -1;
  for (let i = 0; i < filled.length; i++) {
    if (Number.isNaN(filled[i])) continue;
    const to = filled[i] ?? 0;
    const from = last < 0 ? to : (filled[last] ?? to);
    for (let j = last + 1; j < i; j++) filled[j] = from + ((to - from) * (j - last)) / (i - last);
    last = i;
  }
  if (last >= 0) filled.fill(filled[last] ?? 0, last + 1);
  return filled;
}

function flatLevel(logLevels: Float64Array, known: number, steps: number): Float64Array {
  return new Float64Array(steps).fill(smoothedLevel(logLevels, known));
}

function smoothedLevel(logLevels: Float64Array, known: number): number {
  let level = logLevels[0] ?? 0;
  for (let i = 1; i < known; i++) level += LEVEL_WEIGHT * ((logLevels[i] ?? level) - level);
  return level;
}

function flatMean(logLevels: Float64Array, known: number, steps: number): Float64Array {
  return new Float64Array(steps).fill(meanOf(logLevels, Math.max(0, known - MEAN_PERIODS), known));
}

function meanOf(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i] ?? 0;
  return sum / (to - from);
}

function dampedTrend(logLevels: Float64Array, known: number, steps: number): Float64Array | undefined {
  if (known < LEAST_FOR_TREND) return undefined;
  let level = logLevels[0] ?? 0;
  let trend = 0;
  for (let i = 1; i < known; i++) {
    const before = level;
    const expected = level + DAMPING * trend;
    level = expected + LEVEL_WEIGHT * ((logLevels[i] ?? expected) - expected);
    trend = DAMPING * trend + TREND_WEIGHT * (level - before - DAMPING * trend);
  }
  return grown(level, trend, DAMPING, steps);
}

function grown(level: number, trend: number, damping: number, steps: number): Float64Array {
  let [sum, power] = [0, 1];
  return Float64Array.from({ length: steps }, () => {
    power *= damping;
    sum += power;
    return level + trend * sum;
  });
}

function medianSlope(logLevels: Float64Array, known: number, steps: number): Float64Array | undefined {
  const from = Math.max(0, known - LONG_PERIODS);
  if (known - from < 2 * LEAST_FOR_TREND) return undefined;
  const slopes: number[] = [];
  for (let i = from; i < known; i++) {
    for (let j = i + 1; j < known; j++) slopes.push(((logLevels[j] ?? 0) - (logLevels[i] ?? 0)) / (j - i));
  }
  slopes.sort((a, b) => a - b);
  return grown(smoothedLevel(logLevels, known), slopes[slopes.length >> 1] ?? 0, LONG_DAMPING, steps);
}

function seasonAgo(
  logLevels: Float64Array,
  known: number,
  steps: number,
  { seasonPeriods, comparedPeriods }: Rhythm,
): Float64Array | undefined {
  if (known < seasonPeriods + comparedPeriods) return undefined;
  const moved =
    meanOf(logLevels, known - comparedPeriods, known) -
    meanOf(logLevels, known - seasonPeriods - comparedPeriods, known - seasonPeriods);
  return Float64Array.from(
    { length: steps },
    (_, step) => (logLevels[known - seasonPeriods + (step % seasonPeriods)] ?? 0) + moved,
  );
}
