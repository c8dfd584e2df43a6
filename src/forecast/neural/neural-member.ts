import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { defineForecaster, type FittedState, type ForecastContext, type Forecaster } from "../forecaster.ts";
import type { ErrorQuantiles } from "../kernels/error-quantiles.ts";
import { networkQuantiles } from "./answer.ts";
import { calibrate, dayOf, type Stretch, stretchLoss } from "./calibration.ts";
import { type DemandSource, demandSource, isConstant } from "./demand-source.ts";
import { MOVED_SHARE, withLevelShifts } from "./level-shifts.ts";
import type { Network } from "./network.ts";
import { type PackedWeights, packWeights, unpackWeights } from "./packed-weights.ts";
import { seededRandom } from "./random.ts";
import { type TrainingPlan, train } from "./training.ts";

/** Weights of a network, and the errors it made on one series. */
export interface NeuralState {
  readonly network: string;
  readonly packed: PackedWeights;
  readonly errors: ErrorQuantiles;
}

/** Weights without a series: what `trainShared` gives. */
export type SharedState = Pick<NeuralState, "network" | "packed">;

/**
 * Updates of sixteen windows and their highest rate: from nothing, from the weights of the day before, from
 * weights shared by many series. CPU time on 14 days of five-minute steps is in `bench/neural.ts`.
 */
const PLANS = {
  cold: { updates: 200, rate: 6e-3 },
  warm: { updates: 100, rate: 3e-3 },
  tune: { updates: 120, rate: 6e-3 },
};
/** Latest share of the history that is not trained on: it picks the weights and measures their errors. */
const HELD_OUT = 0.2;
const HELD_WINDOWS = 200;

/** A member that trains `network` on its own series, or tunes the weights in `context.shared` to it. */
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
  const split = length - Math.ceil(HELD_OUT * (length - first));
  const { begun, plan } = startingWeights(network, previous, shared, source);
  const held = { source, from: split, to: length, windows: HELD_WINDOWS };
  const trained = begun.slice();
  const random = seededRandom(0x5eed ^ length);
  const moved = demandSource(withLevelShifts(history, random), clock);
  const part = { from: first, to: split };
  const series = [
    { source, ...part, share: 1 - MOVED_SHARE },
    { source: moved, ...part, share: MOVED_SHARE },
  ];
  train(network, trained, series, plan, random);
  const packed = packWeights(bestMix(network, begun, trained, held));
  const errors = calibrate(network, unpackWeights(packed), held);
  return { network: network.name, packed, errors: { ...errors, offsets: Float32Array.from(errors.offsets) } };
}

/** Shared weights are tuned to the series, its own of the day before go on, else training starts cold. */
function startingWeights(
  network: Network,
  previous: FittedState | undefined,
  shared: FittedState | undefined,
  source: DemandSource,
): { readonly begun: Float64Array; readonly plan: TrainingPlan } {
  const common = weightsOf(network, shared);
  if (common !== undefined) return { begun: common, plan: PLANS.tune };
  const own = weightsOf(network, previous);
  if (own !== undefined) return { begun: own, plan: PLANS.warm };
  return { begun: network.initialWeights(seededRandom(source.values.length)), plan: PLANS.cold };
}

/**
 * What was begun with, what training made of it, or half way between (the two lie in one valley): the one
 * with the smallest loss on the stretch held out. Two weeks of spiky demand teach a network more than holds.
 */
function bestMix(network: Network, begun: Float64Array, trained: Float64Array, held: Stretch): Float64Array {
  const few = { ...held, windows: HELD_WINDOWS / 2 };
  let best = { weights: trained, loss: stretchLoss(network, trained, few) };
  for (const share of [0.5, 0]) {
    const weights = begun.map((weight, i) => weight + share * ((trained[i] as number) - weight));
    const loss = stretchLoss(network, weights, few);
    if (loss < best.loss) best = { weights, loss };
  }
  return best.weights;
}

/** A copy of the weights in `state`; undefined when there are none, or another network's. */
export function weightsOf(network: Network, state: FittedState | undefined): Float64Array | undefined {
  const { network: name, packed } = (state ?? {}) as Partial<SharedState>;
  if (name !== network.name || packed?.values.length !== network.size) return undefined;
  return unpackWeights(packed);
}
