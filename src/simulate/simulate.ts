import { MEMBERS } from "../forecast/registry.ts";
import type { Decision } from "../model/decision.ts";
import { DAY_MS } from "../model/time.ts";
import type { Figures } from "./figures.ts";
import { type ComparisonRow, comparePolicies, frontier } from "./frontier.ts";
import { PEERS } from "./peers/peers.ts";
import type { ForecastBlock } from "./replay-job.ts";
import { TIERCAST_KNOBS } from "./replay-settings.ts";
import { blockForecasts, forecastSteps, reviewEverySteps } from "./replay-source.ts";
import { replayForecasts } from "./replay-threads.ts";
import { decisionsAt, type SweepRequest, sweepPeers, sweepPerfect, sweepTiercast } from "./sweep.ts";
import type { PolicyTimeline, TraceWorld } from "./world.ts";

/** `perfect`: tiercast's own rules, told what comes. */
export const POLICIES = ["tiercast", "perfect", ...PEERS] as const;
export type Policy = (typeof POLICIES)[number];

/** One policy at one value of its knob. */
export interface SweptRun {
  readonly policy: Policy;
  readonly knob: string;
  readonly timeline: PolicyTimeline;
  readonly figures: Figures;
}

export interface SimulateRequest extends SweepRequest {
  readonly timeZone: string;
  readonly policies: readonly Policy[];
  readonly members?: readonly string[];
  readonly threads: number;
  readonly trainMs?: number;
  readonly refitMs?: number;
  /** Made by an earlier simulation of the same world: a sweep with other settings needs no new ones. */
  readonly forecasts?: readonly ForecastBlock[];
  /** Wall milliseconds that only rise. */
  readonly monotonicMs: () => number;
}

export interface Simulation {
  readonly world: TraceWorld;
  readonly runs: readonly SweptRun[];
  readonly comparison: readonly ComparisonRow[];
  readonly oracleUnitHours: number;
  /** The tiercast run nearest to the HPA at V = 0.3 %, with its decisions; undefined without tiercast. */
  readonly shown: ShownRun | undefined;
  readonly forecasts: readonly ForecastBlock[];
  readonly timing: Timing;
}

export interface ShownRun {
  readonly run: SweptRun;
  readonly decisions: readonly Decision[];
  /** The HPA of about the same unit-hours. */
  readonly hpa: SweptRun | undefined;
}

export interface Timing {
  /** Forecasting, fits included, over all threads. */
  readonly forecastMs: number;
  readonly fits: number;
  /** Decisions and supply of tiercast, over all knob values. */
  readonly decideMs: number;
  readonly decisions: number;
  /** Peers, and tiercast's rules on a perfect forecast. */
  readonly peersMs: number;
  /** Simulated time of the shown part over the wall time of all of the above, knobs swept. */
  readonly realTimeFactor: number;
}

/**
 * Replays a trace through the controller's own decision code and the peers, each knob swept, in the one
 * world of `docs/simulator.md`. The HPA and the oracle always run: everything is measured against them.
 * Same trace and settings, same figures, whatever the number of threads.
 */
export async function simulate(request: SimulateRequest): Promise<Simulation> {
  const { world, monotonicMs } = request;
  const policies = POLICIES.filter(
    (policy) => request.policies.includes(policy) || policy === "hpa" || policy === "oracle",
  );
  const beganMs = monotonicMs();
  const wantsForecasts = policies.includes("tiercast");
  const forecasts = wantsForecasts ? (request.forecasts ?? (await makeForecasts(request))) : [];
  const forecastedMs = monotonicMs();
  const tiercast = wantsForecasts ? await sweepTiercast(request, blockForecasts(world, forecasts)) : [];
  const decidedMs = monotonicMs();
  const perfect = policies.includes("perfect") ? await sweepPerfect(request) : [];
  const peers = await sweepPeers(request, policies);
  const endMs = monotonicMs();
  const runs = [...tiercast, ...perfect, ...peers];
  const oracleUnitHours = runs.find(({ policy }) => policy === "oracle")?.figures.unitHours ?? Number.NaN;
  const shownSteps = world.demandRps.length - world.firstShown;
  return {
    world,
    runs,
    comparison: comparePolicies(sweptPoints(runs), oracleUnitHours),
    oracleUnitHours,
    shown: await shownRun(request, runs, forecasts),
    forecasts,
    timing: {
      forecastMs: forecastedMs - beganMs,
      fits: forecasts.reduce((sum, block) => sum + block.fits, 0),
      decideMs: decidedMs - forecastedMs,
      decisions: tiercast.length * shownSteps,
      peersMs: endMs - decidedMs,
      realTimeFactor: (shownSteps * world.series.stepMs) / Math.max(1, endMs - beganMs),
    },
  };
}

/** Points by policy, for frontiers. */
export function sweptPoints(
  runs: readonly SweptRun[],
): Readonly<Record<string, readonly (Figures & { readonly knob: string })[]>> {
  const points: Record<string, (Figures & { readonly knob: string })[]> = {};
  for (const { policy, knob, figures: own } of runs) {
    const list = points[policy] ?? [];
    list.push({ ...own, knob });
    points[policy] = list;
  }
  return points;
}

const STANDARD_TRAIN_MS = 28 * DAY_MS;
const STANDARD_CAP = 3;

async function makeForecasts(request: SimulateRequest): Promise<readonly ForecastBlock[]> {
  const { world } = request;
  const toStep = world.demandRps.length;
  const perDay = reviewEverySteps(world);
  const total = toStep - world.firstShown;
  request.onProgress?.("forecasts", 0, total);
  return replayForecasts(
    {
      kind: "forecasts",
      series: world.observed,
      timeZone: request.timeZone,
      members: request.members ?? MEMBERS.map((member) => member.name),
      trainMs: request.trainMs ?? STANDARD_TRAIN_MS,
      capFactor: STANDARD_CAP,
      refitMs: request.refitMs ?? DAY_MS,
      fromStep: world.firstShown,
      toStep,
      horizonSteps: forecastSteps(world),
      reviewHorizonSteps: perDay + world.metricDelaySteps,
      reviewEverySteps: perDay,
      delaySteps: world.metricDelaySteps,
    },
    request.threads,
    { signal: request.signal, onSteps: (done) => request.onProgress?.("forecasts", done, total) },
  );
}

/** Where the shown run stands: the HPA's unit-hours at this violation share. */
const SHOWN_LEVEL = 0.003;
/** And in multiples of the oracle's where the HPA does not get there. */
const SHOWN_RATIO = 1.25;

async function shownRun(
  request: SimulateRequest,
  runs: readonly SweptRun[],
  forecasts: readonly ForecastBlock[],
): Promise<ShownRun | undefined> {
  const { world, knobs = TIERCAST_KNOBS } = request;
  const of = (policy: Policy) => runs.filter((run) => run.policy === policy);
  const wanted = frontier(of("hpa").map((run) => run.figures)).unitHoursAt(SHOWN_LEVEL);
  const oracle = of("oracle")[0]?.figures.unitHours ?? Number.NaN;
  const unitHours = Number.isNaN(wanted) ? SHOWN_RATIO * oracle : wanted;
  const run = nearest(of("tiercast"), unitHours);
  const knob = knobs.find(({ name }) => name === run?.knob);
  if (run === undefined || knob === undefined) return undefined;
  const decisions = await decisionsAt(request, knob, blockForecasts(world, forecasts));
  return { run, decisions, hpa: nearest(of("hpa"), run.figures.unitHours) };
}

function nearest(runs: readonly SweptRun[], unitHours: number): SweptRun | undefined {
  const away = (run: SweptRun): number => Math.abs(run.figures.unitHours - unitHours);
  return runs.reduce<SweptRun | undefined>(
    (best, run) => (best === undefined || away(run) < away(best) ? run : best),
    undefined,
  );
}
