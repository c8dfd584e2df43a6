/** A stream of numbers in [0, 1) that the seed alone decides. */
export type RandomStream = () => number;

/** Mulberry32 (T. Ettinger, public domain): 32 bits of state, enough for drawing start and service times. */
export function seededRandom(seed: number): RandomStream {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Start time of a unit, ms: log-normal, so the median is exact and slow starts are a long tail.
 *
 *     median   sigma     p5     p95
 *      3 000     0.3  1 830   4 910
 *      3 000     0.0  3 000   3 000
 */
export function drawStartMs(random: RandomStream, medianMs: number, sigma: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  const normal = radius * Math.cos(2 * Math.PI * random());
  return medianMs * Math.exp(sigma * normal);
}

/**
 * Service time of a request, ms, with mean `meanMs`: half of it fixed, half exponential, at most five times the
 * mean. Coefficient of variation 0.5, so a capacity model made for exponential service errs on the safe side.
 */
export function drawServiceMs(random: RandomStream, meanMs: number): number {
  const spread = -Math.log(1 - random());
  return Math.min(meanMs * 5, (meanMs / 2) * (1 + spread));
}
