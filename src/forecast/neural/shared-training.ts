import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import type { FittedState } from "../forecaster.ts";
import type { LocalClock } from "../local-clock.ts";
import { dayOf } from "./calibration.ts";
import { demandSource, isConstant } from "./demand-source.ts";
import { withLevelShifts } from "./level-shifts.ts";
import { lstmNetwork } from "./lstm-network.ts";
import type { NetworkName } from "./network.ts";
import { OPTIONS, type SharedState, weightsOf } from "./neural-member.ts";
import { packWeights } from "./packed-weights.ts";
import { seededRandom } from "./random.ts";
import { type TrainingSeries, train } from "./training.ts";
import { transformerNetwork } from "./transformer-network.ts";

export const SHARED_PLANS = {
  cold: { updates: 1500, rate: 6e-3 },
  warm: { updates: 500, rate: 2e-3 },
};

/** One history to learn from, with the clock of its service. */
export interface SharedHistory {
  readonly history: DemandSeries;
  readonly clock: LocalClock;
}

export function trainShared(
  name: NetworkName,
  histories: readonly SharedHistory[],
  seed: number,
  previous?: FittedState,
): SharedState | undefined {
  const network = name === "lstm" ? lstmNetwork : transformerNetwork;
  const random = seededRandom(seed);
  const series = histories.flatMap((one) => trainingSeries(one, random));
  if (series.length === 0) return undefined;
  const known = weightsOf(network, previous);
  const weights = known ?? network.initialWeights(random);
  train(network, weights, series, known === undefined ? SHARED_PLANS.cold : SHARED_PLANS.warm, random);
  return { network: name, packed: packWeights(weights) };
}

function trainingSeries({ history, clock }: SharedHistory, random: () => number): readonly TrainingSeries[] {
  const { stepMs, values } = history;
  if (stepMs > 2 * HOUR_MS || values.length * stepMs < 3 * DAY_MS) return [];
  const source = demandSource(history, clock);
  if (isConstant(source)) return [];
  const part = { from: Math.ceil(1.25 * dayOf(source)), to: values.length };
  return [
    { source, ...part, share: 1 - OPTIONS.moved },
    { source: demandSource(withLevelShifts(history, random), clock), ...part, share: OPTIONS.moved },
  ];
}
