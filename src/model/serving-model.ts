/**
 * Service time of a request as a function of how many a unit serves at once (Gunther's Universal Scalability Law,
 * Guerrilla Capacity Planning 2007, chapter 4, solved for time):
 *
 *     S(n) = baseMs x (1 + contention x (n - 1) + coherency x n x (n - 1)),  n >= 1
 */
export interface ServingModel {
  /** One request alone, ms. */
  readonly baseMs: number;
  /** Share of the work that waits for others (queueing on locks, CPU, disk); >= 0. */
  readonly contention: number;
  /** Cost of each pair keeping in step (caches, connections); >= 0. */
  readonly coherency: number;
}

/** Mean service time with `busy` requests in a unit, ms. */
export function serviceTimeMs({ baseMs, contention, coherency }: ServingModel, busy: number): number {
  const n = Math.max(1, busy);
  return baseMs * (1 + contention * (n - 1) + coherency * n * (n - 1));
}

/** What was measured of service times, as faded sums of a regression: 10 numbers, plain JSON. */
export interface ServingEvidence {
  /** Upper triangle of X'X for the terms 1, n - 1, n (n - 1): 00 01 02 11 12 22. */
  readonly gram: readonly number[];
  /** X'y, y in ms. */
  readonly moments: readonly number[];
  /** Samples behind the sums, faded. */
  readonly weight: number;
}

export const NO_SERVING_EVIDENCE: ServingEvidence = {
  gram: [0, 0, 0, 0, 0, 0],
  moments: [0, 0, 0],
  weight: 0,
};
