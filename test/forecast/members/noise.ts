import { randomStream } from "../fixtures.ts";

/** A repeatable stream of standard normal numbers (Box and Muller 1958). */
export function normalStream(seed: number): () => number {
  const random = randomStream(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** `steps` values of x[t] = phi x[t-1] + e[t] + theta e[t-1], e standard normal. */
export function armaValues(steps: number, phi: number, theta: number, seed: number): Float64Array {
  const next = normalStream(seed);
  const values = new Float64Array(steps);
  let before = 0;
  let news = 0;
  for (let t = -200; t < steps; t++) {
    const e = next();
    before = phi * before + e + theta * news;
    news = e;
    if (t >= 0) values[t] = before;
  }
  return values;
}
