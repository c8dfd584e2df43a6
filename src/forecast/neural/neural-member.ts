import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import type { ErrorQuantiles } from "../error-quantiles.ts";
import { defineForecaster, type FittedState, type ForecastContext, type Forecaster } from "../forecaster.ts";
import { networkQuantiles } from "./answer.ts";
import { calibrate, dayOf } from "./calibration.ts";
import { type DemandSource, demandSource, isConstant } from "./demand-source.ts";
import { withLevelShifts } from "./level-shifts.ts";
import type { Network } from "./network.ts";
import { type PackedWeights, packWeights, unpackWeights } from "./packed-weights.ts";
import { seededRandom } from "./random.ts";
import { train } from "./training.ts";

/** Weights of a network, and the errors it made on one series. */
export interface NeuralState {
  readonly network: string;
  readonly packed: PackedWeights;
  readonly errors: ErrorQuantiles;
}

/** Weights without a series: what `trainShared` gives. */
export type SharedState = Pick<NeuralState, "network" | "packed">;

export const OPTIONS = {
  cold: { updates: 200, rate: 6e-3 },
  warm: { updates: 120, rate: 2e-3 },
  tune: { updates: 0, rate: 1e-3 },
  holdout: 0.2,
  moved: 0.2,
  windows: 250,
};

export function neuralMember(network: Network): Forecaster {
  return defineForecaster<NeuralState>({
    name: network.name,
    cost: "trained",
    needs: { knownSteps: 60, spanMs: 4 * DAY_MS },
    estimate: (history, context, previous) => estimate(network, history, context, previous),
    quantiles: (state, history, { clock }, steps, levels) =>
      networkQuantiles(network, state, history, clock, steps, levels),
  });
}

function estimate(
  network: Network,
  history: DemandSeries,
  { clock, shared }: ForecastContext,
  previous: NeuralState | undefined,
): NeuralState | string {
  if (history.stepMs > 2 * HOUR_MS) return "needs at least twelve steps a day";
  const source = demandSource(history, clock);
  if (isConstant(source)) return "demand is constant";
  const length = history.values.length;
  const first = Math.ceil(1.25 * dayOf(source));
  const split = length - Math.ceil(OPTIONS.holdout * (length - first));
  const start = startingWeights(network, previous, shared, source);
  if (start.plan.updates > 0) {
    const random = seededRandom(0x5eed ^ length);
    const moved = demandSource(withLevelShifts(history, random), clock);
    const part = { from: first, to: split };
    const series = [
      { source, ...part, share: 1 - OPTIONS.moved },
      { source: moved, ...part, share: OPTIONS.moved },
    ];
    train(network, start.weights, series, start.plan, random);
  }
  const packed = packWeights(start.weights);
  const from = start.unseen ? first : split;
  const errors = calibrate(network, unpackWeights(packed), source, from, length, OPTIONS.windows);
  return { network: network.name, packed, errors: { ...errors, offsets: Float32Array.from(errors.offsets) } };
}

function startingWeights(
  network: Network,
  previous: FittedState | undefined,
  shared: FittedState | undefined,
  source: DemandSource,
) {
  const own = weightsOf(network, previous);
  const common = weightsOf(network, shared);
  if (common !== undefined)
    return { weights: common, plan: OPTIONS.tune, unseen: OPTIONS.tune.updates === 0 };
  if (own !== undefined) return { weights: own, plan: OPTIONS.warm, unseen: false };
  const random = seededRandom(source.values.length);
  return { weights: network.initialWeights(random), plan: OPTIONS.cold, unseen: false };
}

/** A copy of the weights in `state`; undefined when there are none, or another network's. */
export function weightsOf(network: Network, state: FittedState | undefined): Float64Array | undefined {
  const { network: name, packed } = (state ?? {}) as Partial<SharedState>;
  if (name !== network.name || packed?.values.length !== network.size) return undefined;
  return unpackWeights(packed);
}
