import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import type { FittedState } from "../forecaster.ts";
import { clamp } from "../kernels/statistics.ts";
import type { LocalClock } from "../local-clock.ts";
import { dayOf } from "./calibration.ts";
import { demandSource, isConstant } from "./demand-source.ts";
import { MOVED_SHARE, withLevelShifts } from "./level-shifts.ts";
import { lstmNetwork } from "./lstm-network.ts";
import type { NetworkName } from "./network.ts";
import { type SharedState, weightsOf } from "./neural-member.ts";
import { packWeights } from "./packed-weights.ts";
import { seededRandom } from "./random.ts";
import { type TrainingSeries, train } from "./training.ts";
import { transformerNetwork } from "./transformer-network.ts";

/** Updates per series, within limits: some seconds of CPU for a day of forecasts of all of them. */
const UPDATES_PER_SERIES = 100;
const FEWEST_UPDATES = 600;
const MOST_UPDATES = 2000;

/** One history to learn from, with the clock of its service. */
export interface SharedHistory {
  readonly history: DemandSeries;
  readonly clock: LocalClock;
}

/**
 * One set of weights for many series, each seen in its own scale. `previous`, an earlier answer, is trained on
 * with a third of the updates. The same histories in the same order, seed and previous weights give the same
 * bytes. Undefined when no history has three days that differ.
 */
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
  const updates = clamp((UPDATES_PER_SERIES * series.length) / 2, FEWEST_UPDATES, MOST_UPDATES);
  const plan =
    known === undefined ? { updates, rate: 6e-3 } : { updates: Math.round(updates / 3), rate: 2e-3 };
  train(network, weights, series, plan, random);
  return { network: name, packed: packWeights(weights) };
}

function trainingSeries({ history, clock }: SharedHistory, random: () => number): readonly TrainingSeries[] {
  const { stepMs, values } = history;
  if (stepMs > 2 * HOUR_MS || values.length * stepMs < 3 * DAY_MS) return [];
  const source = demandSource(history, clock);
  if (isConstant(source)) return [];
  const part = { from: Math.ceil(1.25 * dayOf(source)), to: values.length };
  return [
    { source, ...part, share: 1 - MOVED_SHARE },
    { source: demandSource(withLevelShifts(history, random), clock), ...part, share: MOVED_SHARE },
  ];
}
