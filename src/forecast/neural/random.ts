/**
 * A repeatable stream of numbers in [0, 1): mulberry32, 32 bits of state, the same on every machine.
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Fills `[from, to)` evenly within +-sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010). */
export function spreadWeights(
  weights: Float64Array,
  from: number,
  to: number,
  inputsAndOutputs: number,
  random: () => number,
): void {
  const limit = Math.sqrt(6 / inputsAndOutputs);
  for (let i = from; i < to; i++) weights[i] = (2 * random() - 1) * limit;
}
