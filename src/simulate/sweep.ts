import { setImmediate } from "node:timers/promises";
import type { Decision } from "../model/decision.ts";
import type { Settings } from "../model/settings.ts";
import { durationMs } from "../model/time.ts";
import { figures, WARM_PRICE } from "./figures.ts";
import { PEERS, type Peer, runPeer } from "./peers/peers.ts";
import { replaySettings, TIERCAST_KNOBS, type TiercastKnob } from "./replay-settings.ts";
import { perfectForecasts, type StepForecasts } from "./replay-source.ts";
import { runReplayJob } from "./replay-threads.ts";
import { type SweepOptions, sweepReplay, type TiercastRun } from "./replay-tiercast.ts";
import type { Policy, SweptRun } from "./simulate.ts";
import type { PolicyTimeline, TraceWorld } from "./world.ts";

export interface SweepRequest {
  readonly world: TraceWorld;
  readonly knobs?: readonly TiercastKnob[];
  /** The largest warm pool; 0 and left out: none. Peers have none. */
  readonly warmUnits?: number;
  /** `measured`: the accuracy gate looks at each step, as in the daemon. Left out or `off`: the forecast acts. */
  readonly gate?: Settings["gate"]["rule"] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

/** Every value of tiercast's knob on the forecasts of its ensemble. */
export async function sweepTiercast(
  request: SweepRequest,
  forecasts: StepForecasts,
): Promise<readonly SweptRun[]> {
  const knobs = request.knobs ?? TIERCAST_KNOBS;
  const runs = await replayAll(request, knobs, forecasts, { gate: request.gate });
  return named("tiercast", knobs, runs, request.world);
}

const PERFECT_FACTORS = [
  0.3, 0.45, 0.6, 0.7, 0.75, 0.8, 0.85, 0.88, 0.9, 0.92, 0.94, 0.96, 0.98, 1, 1.05, 1.1, 1.2, 1.35, 1.6, 2,
];

/** Knob of `perfect`: what is held, over what is going to be needed. Its quantiles are all the same. */
export const PERFECT_KNOBS: readonly TiercastKnob[] = PERFECT_FACTORS.map((factor) => ({
  name: String(factor),
  quantile: 0.5,
  marginFraction: factor - 1,
}));

/**
 * The bound on what a better forecast can bring: the same decisions, lead time and supply, demand known in advance.
 * What it still misses, or pays more than the oracle, is the price of the rules and not of the forecast.
 */
export async function sweepPerfect(request: SweepRequest): Promise<readonly SweptRun[]> {
  const runs = await replayAll(request, PERFECT_KNOBS, perfectForecasts(request.world), {});
  return named("perfect", PERFECT_KNOBS, runs, request.world);
}

/** The decisions of one knob, one for each shown step. */
export async function decisionsAt(
  request: SweepRequest,
  knob: TiercastKnob,
  forecasts: StepForecasts,
): Promise<readonly Decision[]> {
  const options = { gate: request.gate, keepDecisions: true };
  const { onProgress: _, ...quiet } = request;
  const [run] = await replayAll(quiet, [knob], forecasts, options);
  return run?.decisions ?? [];
}

/** Steps between two looks at the signal. */
const STEPS_AT_ONCE = 50;

async function replayAll(
  request: SweepRequest,
  knobs: readonly TiercastKnob[],
  forecasts: StepForecasts,
  options: SweepOptions,
): Promise<readonly TiercastRun[]> {
  const settings = knobs.map((knob) => settingsOf(request, knob));
  const sweep = sweepReplay(request.world, settings, forecasts, options);
  while (sweep.step(STEPS_AT_ONCE)) {
    request.onProgress?.("decisions", sweep.done(), sweep.total);
    await setImmediate();
    request.signal?.throwIfAborted();
  }
  return sweep.runs();
}

/** A service's settings in this world: metrics known to be late are not stale for that. */
function settingsOf({ world, warmUnits = 0 }: SweepRequest, knob: TiercastKnob): Settings {
  const settings = replaySettings(world, knob);
  const lateMs = world.metricDelaySteps * world.series.stepMs;
  const staleAfterMs = durationMs(settings.demand.staleAfterMs + lateMs);
  const warm = warmUnits === 0 ? {} : { maxUnits: warmUnits, priceUsdPerUnitHour: WARM_PRICE };
  return {
    ...settings,
    demand: { ...settings.demand, staleAfterMs },
    warm: { ...settings.warm, ...warm },
  };
}

function named(
  policy: Policy,
  knobs: readonly TiercastKnob[],
  runs: readonly TiercastRun[],
  world: TraceWorld,
): readonly SweptRun[] {
  return runs.map(({ timeline }, i) => sweptRun(policy, knobs[i]?.name ?? "", timeline, world));
}

/** Peers at every value of their knobs. */
export async function sweepPeers(
  request: SweepRequest,
  policies: readonly Policy[],
): Promise<readonly SweptRun[]> {
  const { world } = request;
  const peers = PEERS.filter((peer) => policies.includes(peer));
  const runs: SweptRun[] = [];
  for (const [index, peer] of peers.entries()) {
    request.signal?.throwIfAborted();
    request.onProgress?.(`peer ${peer}`, index, peers.length);
    const kedifyRps = peer === "kedify" ? await kedifyForecastOf(request) : undefined;
    for (const { knob, timeline } of runPeer(peer, world, kedifyRps))
      runs.push(sweptRun(peer, knob, timeline, world));
  }
  return runs;
}

async function kedifyForecastOf({ world, signal }: SweepRequest): Promise<Float64Array | undefined> {
  const { observed, firstScored, leadMinutes } = world;
  let forecastRps: Float64Array | undefined;
  await runReplayJob(
    { kind: "kedify", series: observed, firstScored, leadMinutes },
    {
      signal,
      onMessage: (message) => {
        if (message.kind === "kedify") forecastRps = message.forecastRps;
      },
    },
  );
  return forecastRps;
}

function sweptRun(
  policy: Policy | Peer,
  knob: string,
  timeline: PolicyTimeline,
  world: TraceWorld,
): SweptRun {
  return { policy, knob, timeline, figures: figures(onGrid(timeline, world), world) };
}

/** A timeline by step of the trace, as figures read it. */
function onGrid(timeline: PolicyTimeline, world: TraceWorld) {
  const spread = (column: readonly number[]): Float64Array => {
    const whole = new Float64Array(world.demandRps.length);
    whole.set(column, timeline.firstStep);
    return whole;
  };
  const { warmIdleUnits, warmPreparingUnits, tiers } = timeline;
  return {
    requestedUnits: spread(timeline.requestedUnits),
    readyUnits: spread(timeline.readyUnits),
    ...(warmIdleUnits && { warmIdleUnits: spread(warmIdleUnits) }),
    ...(warmPreparingUnits && { warmPreparingUnits: spread(warmPreparingUnits) }),
    ...(tiers && {
      tiers: {
        baseline: spread(tiers.baseline),
        predictive: spread(tiers.predictive),
        burst: spread(tiers.burst),
      },
    }),
  };
}
