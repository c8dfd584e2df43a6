import type { ServingEvidence, ServingModel } from "../model/serving-model.ts";

/** One measurement: requests served in parallel by each unit and how long each took. */
export interface ServingSample {
  readonly servedRps: number;
  readonly units: number;
  readonly meanServiceMs: number;
}

/** Evidence fades with this half-life, in samples: a release that changes service times is learned in an hour. */
const HALF_LIFE_SAMPLES = 12;
/** Samples that the configured service time counts for. */
const PRIOR_SAMPLES = 3;
/** Pull of contention and coherency to none, in samples at one busy slot more than one. */
const FLAT_SAMPLES = 4;

/** Takes in one sample; one without requests or units teaches nothing. */
export function addServingSample(evidence: ServingEvidence, sample: ServingSample): ServingEvidence {
  const { servedRps, units, meanServiceMs } = sample;
  if (!(servedRps > 0 && units > 0 && meanServiceMs > 0 && Number.isFinite(meanServiceMs))) return evidence;
  // Little's law: requests in service = rate x time.
  const busy = Math.max(1, (servedRps * meanServiceMs) / 1000 / units);
  const [a, b] = [busy - 1, busy * (busy - 1)];
  const keep = 0.5 ** (1 / HALF_LIFE_SAMPLES);
  const add = (sums: readonly number[], terms: readonly number[]): number[] =>
    sums.map((sum, i) => sum * keep + (terms[i] ?? 0));
  return {
    gram: add(evidence.gram, [1, a, b, a * a, a * b, b * b]),
    moments: add(evidence.moments, [meanServiceMs, a * meanServiceMs, b * meanServiceMs]),
    weight: evidence.weight * keep + 1,
  };
}

/**
 * The service model that fits the evidence, pulled to the configured service time and to no slowing down: ridge
 * regression with coefficients not negative (every subset of the two slowing terms is tried, the best legal one
 * taken). `priorMs` is the configured service time.
 */
export function fitServing(evidence: ServingEvidence, priorMs: number): ServingModel {
  const [g00 = 0, g01 = 0, g02 = 0, g11 = 0, g12 = 0, g22 = 0] = evidence.gram;
  const [m0 = 0, m1 = 0, m2 = 0] = evidence.moments;
  const gram = [
    [g00 + PRIOR_SAMPLES, g01, g02],
    [g01, g11 + FLAT_SAMPLES, g12],
    [g02, g12, g22 + FLAT_SAMPLES],
  ];
  const moments = [m0 + PRIOR_SAMPLES * priorMs, m1, m2];
  let best: { readonly terms: readonly number[]; readonly gain: number } | undefined;
  for (const used of [[0], [0, 1], [0, 2], [0, 1, 2]]) {
    const terms = solveSubset(gram, moments, used);
    if (terms === undefined || terms.some((term, i) => term < 0 || (i === 0 && term <= 0))) continue;
    // At a subset's optimum the squared error falls by terms x moments.
    const gain = terms.reduce((sum, term, i) => sum + term * (moments[i] ?? 0), 0);
    if (best === undefined || gain > best.gain) best = { terms, gain };
  }
  const [baseMs = priorMs, slope = 0, curve = 0] = best?.terms ?? [];
  return { baseMs, contention: slope / baseMs, coherency: curve / baseMs };
}

/** Solution of the normal equations restricted to the terms in `used` (others 0), by elimination. */
function solveSubset(
  gram: readonly (readonly number[])[],
  moments: readonly number[],
  used: readonly number[],
): readonly number[] | undefined {
  const rows = used.map((i) => [...used.map((j) => gram[i]?.[j] ?? 0), moments[i] ?? 0]);
  for (let k = 0; k < rows.length; k++) {
    const pivot = rows[k]?.[k] ?? 0;
    if (!(pivot > 1e-12)) return undefined;
    for (let i = 0; i < rows.length; i++) {
      if (i === k) continue;
      const factor = (rows[i]?.[k] ?? 0) / pivot;
      rows[i] = (rows[i] ?? []).map((cell, j) => cell - factor * (rows[k]?.[j] ?? 0));
    }
  }
  const terms = [0, 0, 0];
  used.forEach((term, k) => {
    terms[term] = (rows[k]?.[used.length] ?? 0) / (rows[k]?.[k] ?? 1);
  });
  return terms;
}
