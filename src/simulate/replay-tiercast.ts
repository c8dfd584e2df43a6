import assert from "node:assert/strict";
import { observationOf } from "../controller/observe-demand.ts";
import { think } from "../controller/think.ts";
import { nextNeedHistory } from "../decide/need-history.ts";
import type { Observation } from "../model/cycle.ts";
import type { DecideInput } from "../model/decide-input.ts";
import type { Decision } from "../model/decision.ts";
import type { GateVerdict } from "../model/gate.ts";
import type { PlatformState } from "../model/platform.ts";
import type { DemandSeries } from "../model/series.ts";
import type { Settings } from "../model/settings.ts";
import { NO_UNITS, type Sizes, sameSizes, type TierUnits, totalUnits } from "../model/tier.ts";
import { epochMs, HOUR_MS } from "../model/time.ts";
import { demandUnits } from "./figures.ts";
import { type LeadWatch, leadWatch } from "./lead-watch.ts";
import { replayGate, settingsByGate } from "./replay-gate.ts";
import type { ForecastBlock } from "./replay-job.ts";
import { blockForecasts, type Forecasted, type StepForecasts } from "./replay-source.ts";
import { failingUpdates, type PolicyTimeline, type Supply, type TraceWorld, worldSupply } from "./world.ts";

export interface TiercastRun {
  readonly timeline: PolicyTimeline;
  /** Decision of each step from the timeline's first on; only when asked for. */
  readonly decisions: readonly Decision[];
}

export interface SweepOptions {
  readonly keepDecisions?: boolean;
  /** Left out: the forecast always acts. */
  readonly gate?: Settings["gate"]["rule"] | undefined;
}

/**
 * Everything that decides between one step and the next; the controller keeps the same between its cycles.
 */
interface ReplayState {
  current: Sizes;
  warmExpiresMs: number | null;
  needHistory: DecideInput["needHistory"];
  appliedAtMs: readonly number[];
  lastBaselineReviewMs: number | null;
}

type There = ReturnType<Supply["step"]>;

/** One run of a sweep. */
interface Replay {
  readonly settings: ReturnType<typeof settingsByGate>;
  readonly state: ReplayState;
  readonly supply: Supply;
  readonly watch: LeadWatch | undefined;
  readonly columns: ReturnType<typeof newColumns>;
  readonly decisions: Decision[];
  there: There;
}

/** The controller's own decisions at one setting: a sweep of one. See `sweepReplay`. */
export function runTiercast(
  world: TraceWorld,
  settings: Settings,
  blocks: readonly ForecastBlock[],
  keepDecisions = false,
): TiercastRun {
  const sweep = sweepReplay(world, [settings], blockForecasts(world, blocks), { keepDecisions });
  while (sweep.step(Number.POSITIVE_INFINITY));
  const [run] = sweep.runs();
  assert(run !== undefined);
  return run;
}

export interface ReplaySweep {
  /** Replays up to `steps` more steps; false once all are done. */
  step(steps: number): boolean;
  /** Steps done so far, of `total`. */
  done(): number;
  readonly total: number;
  runs(): readonly TiercastRun[];
}

/**
 * The controller's own `think` at each step of the world: what a cycle would be given then, nothing of the
 * future, its decision carried out by the world's supply. Starts with what the first demand seen needs. All
 * settings go side by side through the steps, since what they see and what is forecast is the same for all: it is
 * made once. They may differ in sizing and prices, not in how demand is observed (an AssertionError).
 */
export function sweepReplay(
  world: TraceWorld,
  settingsList: readonly Settings[],
  forecasts: StepForecasts,
  options: SweepOptions = {},
): ReplaySweep {
  const replays = settingsList.map((settings) => newReplay(world, settings));
  const look = lookOf(world, settingsList, forecasts, options);
  const fails = failingUpdates(world);
  const { firstShown } = world;
  const last = world.demandRps.length;
  let next = firstShown;
  return {
    total: last - firstShown,
    done: () => next - firstShown,
    step: (steps) => {
      for (const end = Math.min(last, next + steps); next < end; next++) {
        const seen = look(next);
        for (const replay of replays) {
          const decision = decideStep(replay, seen, fails?.(next) === true);
          if (options.keepDecisions === true) replay.decisions.push(decision);
        }
      }
      return next < last;
    },
    runs: () =>
      replays.map(({ columns, decisions }) => ({
        timeline: { firstStep: firstShown, ...columns },
        decisions,
      })),
  };
}

/** What all settings of a sweep are shown at a step. */
interface Seen extends Forecasted {
  readonly step: number;
  readonly nowMs: number;
  readonly observation: Observation;
  readonly missingSinceMs: number | null;
  readonly gate: GateVerdict | undefined;
}

function lookOf(
  world: TraceWorld,
  settingsList: readonly Settings[],
  forecasts: StepForecasts,
  { gate }: SweepOptions,
): (step: number) => Seen {
  const settings = settingsList[0];
  assert(settings !== undefined, "a sweep needs a setting");
  for (const { sizing, demand } of settingsList) {
    assert(sizing.stabilizationMs === settings.sizing.stabilizationMs, "settings of a sweep hold alike");
    assert(demand.staleAfterMs === settings.demand.staleAfterMs, "settings of a sweep see alike");
  }
  const gateAt = replayGate(settings, gate);
  let missingSinceMs: number | null = null;
  return (step) => {
    const nowMs = world.series.startMs + step * world.series.stepMs;
    const known = seenAt(world.observed, step - world.metricDelaySteps);
    const observation = observationOf(known, epochMs(nowMs), settings, world.metricDelaySteps);
    missingSinceMs = observation.freshness === "fresh" ? null : (missingSinceMs ?? nowMs);
    const forecasted = forecasts(step);
    const verdict = gateAt(nowMs, forecasted.evidence);
    return { step, nowMs, observation, missingSinceMs, gate: verdict, ...forecasted };
  };
}

function newReplay(world: TraceWorld, settings: Settings): Replay {
  const current = { units: startUnits(world), warmUnits: 0 };
  return {
    settings: settingsByGate(settings),
    state: {
      current,
      warmExpiresMs: null,
      needHistory: [],
      appliedAtMs: [],
      lastBaselineReviewMs: null,
    },
    supply: worldSupply(world),
    watch: leadWatch(world, settings),
    columns: newColumns(),
    decisions: [],
    there: { readyUnits: totalUnits(current.units), idleUnits: 0, preparingUnits: 0 },
  };
}

function startUnits(world: TraceWorld): TierUnits {
  for (let step = world.firstShown - 1; step >= 0; step--) {
    const units = demandUnits(world.observed.values[step] ?? Number.NaN, world.unitRps);
    if (!Number.isNaN(units)) return { ...NO_UNITS, predictive: units };
  }
  return { ...NO_UNITS, predictive: 1 };
}

function newColumns() {
  const empty = (): number[] => [];
  return {
    requestedUnits: empty(),
    readyUnits: empty(),
    warmIdleUnits: empty(),
    warmPreparingUnits: empty(),
    tiers: { baseline: empty(), predictive: empty(), burst: empty() },
  };
}

function decideStep(replay: Replay, seen: Seen, updateFails: boolean): Decision {
  const { state, supply, watch } = replay;
  const input = inputOf(replay, seen);
  const thought = think(input);
  const before = state.current;
  take(state, input, thought.decision, { reviewed: thought.baselineReviewed, updateFails });
  replay.there = supply.step(totalUnits(state.current.units), state.current.warmUnits);
  watch?.step(seen.step, before, state.current, replay.there.readyUnits);
  record(replay.columns, state.current, replay.there);
  return thought.decision;
}

function inputOf({ settings, state, there, watch }: Replay, seen: Seen): DecideInput {
  const { gate, forecast, evidence, observation, missingSinceMs, nowMs, step } = seen;
  return {
    nowMs,
    decisionId: `simulate-${step}`,
    settings: gate?.forecastActs === false ? settings.stopped : settings.acts,
    observation,
    forecast,
    evidence,
    ...(gate !== undefined && { gate }),
    platform: platformOf(state.current, there),
    current: state.current,
    warmExpiresMs: state.warmExpiresMs,
    needHistory: state.needHistory,
    appliedAtMs: state.appliedAtMs,
    lastBaselineReviewMs: state.lastBaselineReviewMs,
    leadTimesMs: watch?.measuredMs() ?? [],
    service: null,
    missingSinceMs,
    pause: null,
  };
}

/** Steps of history behind an observation: the recent window and the search for the last sample. */
const SEEN_STEPS = 400;

/** Demand of the steps before `end`: a view on what came before. */
function seenAt(series: DemandSeries, end: number): DemandSeries {
  const from = Math.max(0, end - SEEN_STEPS);
  const startMs = epochMs(series.startMs + from * series.stepMs);
  return { startMs, stepMs: series.stepMs, values: series.values.subarray(from, Math.max(0, end)) };
}

/** An update that fails leaves sizes, warm pool and review as they were: the next cycle decides anew. */
function take(
  state: ReplayState,
  input: DecideInput,
  decision: Decision,
  { reviewed, updateFails }: { readonly reviewed: boolean; readonly updateFails: boolean },
): void {
  state.needHistory = nextNeedHistory(input, decision.need);
  state.appliedAtMs = state.appliedAtMs.filter((atMs) => atMs > input.nowMs - HOUR_MS);
  const isUpdate = !sameSizes(state.current, decision.after);
  if (isUpdate && updateFails) return;
  if (isUpdate) state.appliedAtMs = [...state.appliedAtMs, input.nowMs];
  // Reviews are made on the day forecasts: from midnight to midnight of the first one, whatever the step.
  if (reviewed) state.lastBaselineReviewMs = input.nowMs;
  state.current = decision.after;
  state.warmExpiresMs = decision.warmExpiresMs ?? null;
}

function record(columns: ReturnType<typeof newColumns>, { units }: Sizes, there: There): void {
  columns.requestedUnits.push(totalUnits(units));
  columns.readyUnits.push(there.readyUnits);
  columns.warmIdleUnits.push(there.idleUnits);
  columns.warmPreparingUnits.push(there.preparingUnits);
  columns.tiers.baseline.push(units.baseline);
  columns.tiers.predictive.push(units.predictive);
  columns.tiers.burst.push(units.burst);
}

/**
 * The platform as the world has it. Units are interchangeable: ready ones count for the planned tiers first.
 */
function platformOf({ units, warmUnits }: Sizes, there: There): PlatformState {
  let left = there.readyUnits;
  const tier = (wantedUnits: number) => {
    const readyUnits = Math.min(wantedUnits, left);
    left -= readyUnits;
    return { wantedUnits, readyUnits, startingUnits: wantedUnits - readyUnits, drainingUnits: 0 };
  };
  return {
    tiers: {
      baseline: tier(units.baseline),
      predictive: tier(units.predictive),
      burst: tier(units.burst),
    },
    warm: { wantedUnits: warmUnits, idleUnits: there.idleUnits, preparingUnits: there.preparingUnits },
    planGeneration: 0,
    startTimesMs: [],
  };
}
