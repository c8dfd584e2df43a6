import type { LevelModel } from "./level-model.ts";
import { kernelWidth } from "./level-model.ts";
import type { Periods, Shape } from "./periods.ts";

/** A shape so many periods old is drawn half as often. */
const SHAPE_HALF_LIFE = 13;
/** No level beyond this times the highest known, whatever a trend says: the cap of `forecast.capFactor`. */
const CAP_FACTOR = 3;
/** Values above this share of a period are its peaks: they are stretched to the peak that was drawn. */
const PEAK_FROM = 0.9;

/** One course that demand may take, a period at a time. */
export interface DemandPath {
  /** Mean demand of each period, requests/s. */
  readonly levels: Float64Array;
  /** Shape of each period. */
  readonly shapes: Uint16Array;
  /** Factor on what lies above the shape's 0.9 quantile. */
  readonly stretches: Float64Array;
}

/** Shapes that are drawn from, with what is needed of each. */
export interface ShapePool {
  readonly shapes: readonly PooledShape[];
  /** Running sum of weights, ending at 1. */
  readonly cumulative: Float64Array;
}

export interface PooledShape extends Shape {
  /** Ratio that is exceeded for a tenth of the period. */
  readonly shoulder: number;
}

/** The known shapes, newer ones drawn more often; a flat one where none is known. */
export function shapePool({ shapes, slotCount, slotMs }: Periods): ShapePool {
  const known = shapes.flatMap((shape, period) =>
    shape === undefined ? [] : [{ shape, weight: 0.5 ** ((shapes.length - 1 - period) / SHAPE_HALF_LIFE) }],
  );
  if (known.length === 0) known.push({ shape: flatShape(slotCount, slotMs / 3_600_000), weight: 1 });
  const total = known.reduce((sum, { weight }) => sum + weight, 0);
  let sum = 0;
  return {
    shapes: known.map(({ shape }) => ({ ...shape, shoulder: ratioExceededFor(shape, 1 - PEAK_FROM) })),
    cumulative: Float64Array.from(known, ({ weight }) => {
      sum += weight / total;
      return sum;
    }),
  };
}

function flatShape(slotCount: number, slotHours: number): Shape {
  return {
    ratios: new Float64Array(slotCount).fill(1),
    hours: new Float64Array(slotCount).fill(slotHours),
    slots: Uint16Array.from({ length: slotCount }, (_, slot) => slot),
    peakRatio: 1,
  };
}

/** The ratio that is reached or exceeded for `share` of the period. */
export function ratioExceededFor({ ratios, hours }: Shape, share: number): number {
  const order = Array.from(ratios.keys()).sort((a, b) => (ratios[b] ?? 0) - (ratios[a] ?? 0));
  const wanted = share * hours.reduce((sum, each) => sum + each, 0);
  let held = 0;
  for (const at of order) {
    held += hours[at] ?? 0;
    if (held >= wanted - 1e-9) return ratios[at] ?? 0;
  }
  return 0;
}

/**
 * Draws paths: levels as the model's medians with a random walk and noise around them, both from Student's t (one
 * scale for a whole path, so that a wrong trend stays wrong); the shape of each period from history; its peak
 * from the spread of peaks over levels, so that a path may pass what was ever seen.
 */
export function drawPaths(
  model: LevelModel,
  pool: ShapePool,
  options: { readonly count: number; readonly highestLevel: number; readonly random: () => number },
): readonly DemandPath[] {
  const normal = normalSource(options.random);
  const steps = model.medians.length;
  const cap = CAP_FACTOR * options.highestLevel;
  return Array.from({ length: options.count }, () => {
    const levels = new Float64Array(steps);
    const shapes = new Uint16Array(steps);
    const stretches = new Float64Array(steps);
    const scale = model.widening * studentScale(model.freedom, normal);
    let walk = 0;
    for (let step = 0; step < steps; step++) {
      walk += Math.sqrt(model.step) * normal();
      const away = scale * (walk + Math.sqrt(model.noise) * normal());
      levels[step] = Math.min(cap, Math.exp((model.medians[step] ?? 0) + away));
      const at = drawShape(pool, options.random());
      shapes[step] = at;
      const spread = model.widening * model.peakSpread * kernelWidth(model.peakCount);
      stretches[step] = stretchFor(pool.shapes[at], Math.exp(spread * normal()));
    }
    return { levels, shapes, stretches };
  });
}

function drawShape({ cumulative }: ShapePool, place: number): number {
  const found = cumulative.findIndex((sum) => place < sum);
  return found < 0 ? cumulative.length - 1 : found;
}

/** What makes the peak `factor` times itself when only the part above the shoulder is stretched; never below 0. */
function stretchFor(shape: PooledShape | undefined, factor: number): number {
  if (shape === undefined || shape.peakRatio <= shape.shoulder) return 1;
  return Math.max(0, (shape.peakRatio * factor - shape.shoulder) / (shape.peakRatio - shape.shoulder));
}

/** Demand of value `at` of a period of the path, requests/s. */
export function valueAt(shape: PooledShape, at: number, level: number, stretch: number): number {
  const ratio = shape.ratios[at] ?? 0;
  if (ratio <= shape.shoulder) return level * ratio;
  return level * (shape.shoulder + (ratio - shape.shoulder) * stretch);
}

/** Largest demand of a period of the path, requests/s. */
export function peakAt(shape: PooledShape, level: number, stretch: number): number {
  return level * (shape.shoulder + (shape.peakRatio - shape.shoulder) * stretch);
}

/** Root of freedom over a chi-squared variable: times a normal one it is Student's t. */
function studentScale(freedom: number, normal: () => number): number {
  let squares = 0;
  for (let i = 0; i < freedom; i++) squares += normal() ** 2;
  return Math.sqrt(freedom / Math.max(squares, 1e-3 * freedom));
}

/** Standard normal numbers from uniform ones (Box and Muller 1958). */
function normalSource(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
