import { optimizer } from "@bsull/augurs-prophet-wasmstan";
import type { StanData } from "./prophet-design.ts";
import type { StanParams } from "./prophet-posterior.ts";

/**
 * Optimizers by trust, each with the trend it can still manage. Never Newton, which Python's Prophet falls back
 * to: it traps in this build.
 */
const ATTEMPTS = [
  { algorithm: "lbfgs", flat: false },
  { algorithm: "bfgs", flat: false },
  { algorithm: "lbfgs", flat: true },
] as const;

/**
 * Prophet's own Stan program, compiled to WebAssembly, climbing from `start`. Throws an Error when no optimizer
 * converges. Logs failed line searches to stderr.
 */
export function climbWithStan(data: StanData, start: StanParams): StanParams {
  let reason = "";
  for (const { algorithm, flat } of ATTEMPTS) {
    try {
      const json = stanJson(flat ? { ...data, trend_indicator: 2 } : data);
      const init = flat ? { ...start, k: 0, delta: new Float64Array(data.S) } : start;
      const { params } = optimizer.optimize(init, json, { algorithm, seed: 1, jacobian: false });
      const { k, m, delta, beta, sigmaObs } = params;
      const trend = flat ? { k: 0, delta: new Float64Array(data.S) } : { k, delta };
      if ([m, trend.k, ...trend.delta, ...beta].every(Number.isFinite))
        return { m, beta, sigmaObs, ...trend };
      reason = "parameters not finite";
    } catch (error) {
      reason = String(error).split("\n", 1)[0] ?? "";
    }
  }
  throw new Error(`no optimizer converged, last ${reason}`);
}

/** What Stan reads: the data, no capacities (growth is not logistic), additive features only. */
export function stanJson(data: StanData): string {
  return JSON.stringify({
    ...data,
    y: Array.from(data.y),
    t: Array.from(data.t),
    t_change: Array.from(data.t_change),
    sigmas: Array.from(data.sigmas),
    X: data.X.map((row) => Array.from(row)),
    cap: new Array(data.T).fill(0),
    s_a: new Array(data.K).fill(1),
    s_m: new Array(data.K).fill(0),
  });
}
