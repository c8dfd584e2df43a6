import type { QuantileForecast } from "../../model/forecast.ts";
import { normalQuantile } from "../kernels/error-quantiles.ts";
import { median, sortedKnown, sortedQuantile } from "../kernels/statistics.ts";

/** Paired telemetry of one resource: demand and use over the same steps; NaN where one was not measured. */
export interface ResourceTelemetry {
  readonly demandRps: ArrayLike<number>;
  /** Use of the whole service: cores, GiB, MiB/s, IO/s, GPUs. */
  readonly use: ArrayLike<number>;
}

/** Use of a resource as a function of demand, learned from telemetry. */
export interface ResourceDemand {
  /** Use with no demand. */
  readonly idle: number;
  /** Use per request/s of demand (at low demand, where it saturates). */
  readonly perRps: number;
  /** 90 % interval of `perRps`. */
  readonly perRpsRange: readonly [number, number];
  /** Demand scale at which use flattens: `idle + perRps * s * (1 - exp(-demand / s))`; undefined: a line. */
  readonly saturationRps: number | undefined;
  /** Quantiles of use around that curve, by the levels of `ERROR_LEVELS`. */
  readonly errorQuantiles: readonly number[];
  readonly pairs: number;
  /** Range of demand it was learned on: beyond it the curve is continued, which is a guess. */
  readonly seenRps: readonly [number, number];
}

export type ResourceFit =
  | { readonly kind: "fitted"; readonly model: ResourceDemand }
  /** Too little telemetry, or none that tells demand from idle use; the reason in words. */
  | { readonly kind: "refused"; readonly reason: string };

const LEAST_PAIRS = 30;
/** Demand has to vary by this share of its median (its 0.05 to 0.95 range). */
const LEAST_VARIATION = 0.2;
/** Pairs that slopes are taken from: all pairs of 300 are 45,000 slopes. */
const MOST_PAIRS = 300;
const Z90 = 1.645;
const ERROR_LEVELS: readonly number[] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];
/** A curve has to lower the mean absolute error by this share to be preferred to a line. */
const CURVE_GAIN = 0.15;
const SCALES = [0.25, 0.5, 1, 2, 4];

/**
 * Fits use = idle + perRps * demand by the median of pairwise slopes (Theil 1950, Sen 1968), which a third of
 * wild samples cannot move, or a saturating curve where that fits clearly better. The interval of the slope is
 * Sen's, from the normal law of Kendall's statistic.
 */
export function fitResourceDemand(telemetry: ResourceTelemetry): ResourceFit {
  const pairs = knownPairs(telemetry);
  if (pairs.length < LEAST_PAIRS) {
    return { kind: "refused", reason: `needs ${LEAST_PAIRS} pairs of demand and use, has ${pairs.length}` };
  }
  const demands = Float64Array.from(pairs, ({ demand }) => demand).sort();
  const spread = sortedQuantile(demands, 0.95) - sortedQuantile(demands, 0.05);
  const middle = sortedQuantile(demands, 0.5);
  if (!(spread > LEAST_VARIATION * Math.max(middle, Number.MIN_VALUE))) {
    const share = Math.round((100 * spread) / Math.max(middle, Number.MIN_VALUE));
    return {
      kind: "refused",
      reason: `demand varies by only ${share} %: idle use cannot be told from the rest`,
    };
  }
  const line = fitCurve(pairs, undefined);
  const range = (demands[demands.length - 1] ?? 0) || 1;
  const curves = SCALES.map((scale) => fitCurve(pairs, scale * range));
  const curve = curves.reduce((best, each) => (each.loss < best.loss ? each : best));
  const chosen = curve.loss < (1 - CURVE_GAIN) * line.loss && curve.perRps > 0 ? curve : line;
  const errors = sortedKnown(pairs.map(({ demand, use }) => use - curveAt(chosen, demand)));
  const { idle, perRps, perRpsRange, saturationRps } = chosen;
  return {
    kind: "fitted",
    model: {
      idle,
      perRps,
      perRpsRange,
      saturationRps,
      errorQuantiles: ERROR_LEVELS.map((level) => sortedQuantile(errors, level)),
      pairs: pairs.length,
      seenRps: [demands[0] ?? 0, demands[demands.length - 1] ?? 0],
    },
  };
}

/**
 * Use of the resource to come: each quantile of demand through the curve, its distance from the median and
 * that of the curve's own error added as squares (exact for normal laws). Never negative, rising with the
 * level.
 */
export function forecastResource(model: ResourceDemand, demand: QuantileForecast): QuantileForecast {
  const { levels } = demand;
  const middle = levels.indexOf(0.5);
  if (middle < 0) throw new RangeError("a forecast without its median cannot be turned into resource use");
  const medianError = errorAt(model, 0.5);
  const quantiles = demand.quantiles.map((row, k) => {
    const level = levels[k] ?? 0.5;
    const own = errorAt(model, level) - medianError;
    return row.map((value, step) => {
      const centre = curveAt(model, demand.quantiles[middle]?.[step] ?? 0);
      const distance = Math.hypot(curveAt(model, value) - centre, own) * Math.sign(level - 0.5);
      return Math.max(0, centre + medianError + distance);
    });
  });
  return { ...demand, quantiles };
}

type Curve = Pick<ResourceDemand, "idle" | "perRps" | "perRpsRange" | "saturationRps">;
type Pair = { readonly demand: number; readonly use: number };

function knownPairs({ demandRps, use }: ResourceTelemetry): readonly Pair[] {
  const pairs: Pair[] = [];
  for (let i = 0; i < Math.min(demandRps.length, use.length); i++) {
    const pair = { demand: demandRps[i] ?? Number.NaN, use: use[i] ?? Number.NaN };
    if (Number.isFinite(pair.demand + pair.use) && pair.demand >= 0 && pair.use >= 0) pairs.push(pair);
  }
  return pairs;
}

function curveAt({ idle, perRps, saturationRps }: Curve, demand: number): number {
  return Math.max(0, idle + perRps * bent(demand, saturationRps));
}

function bent(demand: number, saturationRps: number | undefined): number {
  return saturationRps === undefined ? demand : saturationRps * (1 - Math.exp(-demand / saturationRps));
}

/** Theil and Sen on bent demand; `loss` is the mean absolute error. More demand never takes less. */
function fitCurve(
  pairs: readonly Pair[],
  saturationRps: number | undefined,
): Curve & { readonly loss: number } {
  const stride = Math.max(1, pairs.length / MOST_PAIRS);
  const points: { readonly x: number; readonly y: number }[] = [];
  for (let i = 0; i < pairs.length; i += stride) {
    const { demand, use } = pairs[Math.floor(i)] ?? { demand: 0, use: 0 };
    points.push({ x: bent(demand, saturationRps), y: use });
  }
  const slopes: number[] = [];
  points.forEach((a, i) => {
    for (const b of points.slice(i + 1)) if (a.x !== b.x) slopes.push((b.y - a.y) / (b.x - a.x));
  });
  const sorted = Float64Array.from(slopes).sort();
  const perRps = Math.max(0, sortedQuantile(sorted, 0.5));
  const count = points.length;
  const half = (Z90 * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18)) / 2 / sorted.length;
  const edge = (level: number): number =>
    Math.max(0, sortedQuantile(sorted, Math.min(1, Math.max(0, level))));
  const idle = Math.max(
    0,
    median(pairs.map(({ demand, use }) => use - perRps * bent(demand, saturationRps))),
  );
  const curve = { idle, perRps, perRpsRange: [edge(0.5 - half), edge(0.5 + half)] as const, saturationRps };
  const loss = pairs.reduce((sum, { demand, use }) => sum + Math.abs(use - curveAt(curve, demand)), 0);
  return { ...curve, loss: loss / pairs.length };
}

/** Error quantile at any level: linear between those kept, continued as a normal law beyond them. */
function errorAt({ errorQuantiles }: ResourceDemand, level: number): number {
  const at = (index: number): number => errorQuantiles[index] ?? 0;
  const last = ERROR_LEVELS.length - 1;
  const upper = ERROR_LEVELS.findIndex((known) => known >= level);
  const tail = (end: number): number =>
    at(4) + (at(end) - at(4)) * (normalQuantile(level) / normalQuantile(ERROR_LEVELS[end] ?? 0.99));
  if (upper < 0) return tail(last);
  if (upper === 0) return tail(0);
  const low = ERROR_LEVELS[upper - 1] ?? 0;
  const share = (level - low) / ((ERROR_LEVELS[upper] ?? 1) - low);
  return at(upper - 1) * (1 - share) + at(upper) * share;
}
