/** Bounds of each coordinate. */
export interface Box {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

export interface Minimum {
  readonly point: Float64Array;
  readonly loss: number;
}

/**
 * The downhill simplex (Nelder and Mead 1965), points beyond the box put on its wall. At most `evaluations`
 * looks at `loss`, fewer once the simplex is flat to a millionth; a loss that is not a number counts as
 * infinite. Good for two to five coordinates of similar width.
 */
export function minimizeInBox(
  loss: (point: Float64Array) => number,
  start: ArrayLike<number>,
  box: Box,
  evaluations: number,
): Minimum {
  let left = evaluations;
  const look = (point: Float64Array): Minimum => {
    left--;
    const value = loss(point);
    return { point, loss: Number.isNaN(value) ? Number.POSITIVE_INFINITY : value };
  };
  const simplex = firstSimplex(start, box).map(look);
  const size = start.length;
  while (left > 0) {
    simplex.sort((a, b) => a.loss - b.loss);
    const best = simplex[0];
    const worst = simplex[size];
    if (best === undefined || worst === undefined || isFlat(best, worst)) break;
    const centre = centreOf(simplex, size);
    const mirrored = look(between(centre, worst.point, -1, box));
    const tried = refine(mirrored, best, simplex[size - 1] ?? best, (reach) =>
      look(between(centre, reach < 0 ? worst.point : mirrored.point, Math.abs(reach), box)),
    );
    if (tried.loss < worst.loss) simplex[size] = tried;
    else simplex.splice(1, size, ...simplex.slice(1).map(({ point }) => look(halfWay(best.point, point))));
  }
  return simplex.reduce((best, next) => (next.loss < best.loss ? next : best));
}

function isFlat(best: Minimum, worst: Minimum): boolean {
  return worst.loss - best.loss <= 1e-6 * Math.abs(best.loss);
}

/** Further out when the mirrored point leads, inward when it would be the last, else the mirrored point. */
function refine(
  mirrored: Minimum,
  best: Minimum,
  secondWorst: Minimum,
  step: (reach: number) => Minimum,
): Minimum {
  if (mirrored.loss < best.loss) {
    const further = step(2);
    return further.loss < mirrored.loss ? further : mirrored;
  }
  if (mirrored.loss < secondWorst.loss) return mirrored;
  return step(-0.5);
}

/** The start and, per coordinate, a point a sixth of the box away. */
function firstSimplex(start: ArrayLike<number>, { low, high }: Box): Float64Array[] {
  const first = Float64Array.from(start);
  const others = Array.from(first, (value, i) => {
    const point = first.slice();
    const step = ((high[i] ?? 1) - (low[i] ?? 0)) / 6;
    point[i] = value + step <= (high[i] ?? 1) ? value + step : value - step;
    return point;
  });
  return [first, ...others];
}

/** Mean of the first `count` points. */
function centreOf(simplex: readonly Minimum[], count: number): Float64Array {
  const centre = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    for (let i = 0; i < count; i++) centre[i] = (centre[i] ?? 0) + (simplex[k]?.point[i] ?? 0) / count;
  }
  return centre;
}

/** `from + reach * (to - from)`, on the wall of the box where it would leave it. */
function between(from: Float64Array, to: Float64Array, reach: number, { low, high }: Box): Float64Array {
  return from.map((value, i) => {
    const moved = value + reach * ((to[i] ?? value) - value);
    return Math.min(high[i] ?? moved, Math.max(low[i] ?? moved, moved));
  });
}

function halfWay(from: Float64Array, to: Float64Array): Float64Array {
  return from.map((value, i) => (value + (to[i] ?? value)) / 2);
}
