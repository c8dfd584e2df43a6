import { observationOf } from "../controller/observe-demand.ts";
import { think } from "../controller/think.ts";
import { nextNeedHistory } from "../decide/need-history.ts";
import type { ForecastRecord } from "../model/cycle.ts";
import { type DecideInput, decideSettings } from "../model/decide-input.ts";
import type { Decision } from "../model/decision.ts";
import { FORECAST_LEVELS, type ForecastEvidence } from "../model/forecast.ts";
import type { PlatformState } from "../model/platform.ts";
import type { DemandSeries } from "../model/series.ts";
import type { Settings } from "../model/settings.ts";
import { NO_UNITS, type Sizes, sameSizes, type TierUnits, totalUnits } from "../model/tier.ts";
import { DAY_MS, epochMs, HOUR_MS } from "../model/time.ts";
import { demandUnits } from "./figures.ts";
import type { ForecastBlock } from "./replay-job.ts";
import { createSupply, type PolicyTimeline, type TraceWorld } from "./world.ts";

export interface TiercastRun {
  readonly timeline: PolicyTimeline;
  /** Decision of each step from the timeline's first on; only when asked for. */
  readonly decisions: readonly Decision[];
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
  missingSinceMs: number | null;
}

/**
 * The controller's own `think` at each step of the world: what a cycle would be given then, nothing of the
 * future, its decision carried out by the world's supply. Starts with what the first demand seen needs.
 */
export function runTiercast(
  world: TraceWorld,
  settings: Settings,
  blocks: readonly ForecastBlock[],
  keepDecisions = false,
): TiercastRun {
  const supply = createSupply(world.leadSteps);
  const state: ReplayState = {
    current: { units: startUnits(world), warmUnits: 0 },
    warmExpiresMs: null,
    needHistory: [],
    appliedAtMs: [],
    lastBaselineReviewMs: null,
    missingSinceMs: null,
  };
  const columns = newColumns();
  const decisions: Decision[] = [];
  let there = supplied(state.current);
  const forecasts = forecastReader(world, blocks);
  for (let step = world.firstShown; step < world.demandRps.length; step++) {
    const input = inputAt(world, settings, state, step, forecasts(step), platformOf(state.current, there));
    const thought = think(input);
    take(state, input, thought.decision, thought.baselineReviewed);
    there = supply.step(totalUnits(state.current.units), state.current.warmUnits);
    record(columns, state.current, there);
    if (keepDecisions) decisions.push(thought.decision);
  }
  return { timeline: { firstStep: world.firstShown, ...columns }, decisions };
}

type There = ReturnType<ReturnType<typeof createSupply>["step"]>;

function supplied({ units, warmUnits }: Sizes): There {
  return { readyUnits: totalUnits(units), idleUnits: warmUnits, preparingUnits: 0 };
}

function startUnits(world: TraceWorld): TierUnits {
  for (let step = world.firstShown - 1; step >= 0; step--) {
    const units = demandUnits(world.demandRps[step] ?? Number.NaN, world.unitRps);
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

function record(columns: ReturnType<typeof newColumns>, { units }: Sizes, there: There): void {
  columns.requestedUnits.push(totalUnits(units));
  columns.readyUnits.push(there.readyUnits);
  columns.warmIdleUnits.push(there.idleUnits);
  columns.warmPreparingUnits.push(there.preparingUnits);
  columns.tiers.baseline.push(units.baseline);
  columns.tiers.predictive.push(units.predictive);
  columns.tiers.burst.push(units.burst);
}

interface Forecasted {
  readonly forecast: ForecastRecord | null;
  readonly evidence: ForecastEvidence | null;
}

/** Forecasts by step; the long one where a baseline review can be due. */
function forecastReader(world: TraceWorld, blocks: readonly ForecastBlock[]): (step: number) => Forecasted {
  let at = 0;
  const { startMs, stepMs } = world.series;
  return (step) => {
    while (at + 1 < blocks.length && step >= (blocks[at + 1]?.fromStep ?? 0)) at += 1;
    const block = blocks[at];
    const index = block === undefined ? -1 : step - block.fromStep;
    if (block === undefined || index < 0 || Number.isNaN(block.anomalyScore[index] ?? Number.NaN)) {
      return { forecast: null, evidence: null };
    }
    const long = block.reviews.find((review) => review.step === step);
    const quantiles = long?.rows.map((row) => Array.from(row)) ?? shortRows(block, index);
    const cutoffMs = startMs + step * stepMs;
    return {
      forecast: { cutoffMs, stepMs, levels: FORECAST_LEVELS, quantiles },
      evidence: evidenceAt(block, index),
    };
  };
}

function shortRows({ values, horizonSteps }: ForecastBlock, index: number): readonly (readonly number[])[] {
  const from = index * FORECAST_LEVELS.length * horizonSteps;
  return FORECAST_LEVELS.map((_, level) =>
    Array.from(values.subarray(from + level * horizonSteps, from + (level + 1) * horizonSteps)),
  );
}

function evidenceAt(block: ForecastBlock, index: number): ForecastEvidence {
  const known = (value: number | undefined) =>
    value === undefined || Number.isNaN(value) ? undefined : value;
  return {
    weights: {},
    coverage90: [known(block.coverage90[index])],
    scoreCount: [0],
    relativeError: known(block.relativeError[index]),
    anomalyScore: block.anomalyScore[index] ?? 0,
    anomalyMultiplier: 1,
    failures: {},
    fitMs: 0,
  };
}

/** Steps of history behind an observation: the recent window and the search for the last sample. */
const SEEN_STEPS = 400;

function inputAt(
  world: TraceWorld,
  settings: Settings,
  state: ReplayState,
  step: number,
  forecasted: Forecasted,
  platform: PlatformState,
): DecideInput {
  const nowMs = world.series.startMs + step * world.series.stepMs;
  const observation = observationOf(seenAt(world.series, step), epochMs(nowMs), settings);
  state.missingSinceMs = observation.freshness === "fresh" ? null : (state.missingSinceMs ?? nowMs);
  return {
    nowMs,
    decisionId: `simulate-${step}`,
    settings: decideSettings(settings),
    observation,
    ...forecasted,
    platform,
    current: state.current,
    warmExpiresMs: state.warmExpiresMs,
    needHistory: state.needHistory,
    appliedAtMs: state.appliedAtMs,
    lastBaselineReviewMs: state.lastBaselineReviewMs,
    leadTimesMs: [],
    service: null,
    missingSinceMs: state.missingSinceMs,
    pause: null,
  };
}

/** Demand known at the start of `step`: a view on what came before. */
function seenAt(series: DemandSeries, step: number): DemandSeries {
  const from = Math.max(0, step - SEEN_STEPS);
  const startMs = epochMs(series.startMs + from * series.stepMs);
  return { startMs, stepMs: series.stepMs, values: series.values.subarray(from, step) };
}

function take(state: ReplayState, input: DecideInput, decision: Decision, reviewed: boolean): void {
  state.needHistory = nextNeedHistory(input, decision.need);
  state.appliedAtMs = state.appliedAtMs.filter((atMs) => atMs > input.nowMs - HOUR_MS);
  if (!sameSizes(state.current, decision.after)) state.appliedAtMs = [...state.appliedAtMs, input.nowMs];
  // Reviews are made on the day forecasts: from midnight to midnight of the first one, whatever the step.
  if (reviewed) state.lastBaselineReviewMs = input.nowMs;
  state.current = decision.after;
  state.warmExpiresMs = decision.warmExpiresMs ?? null;
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

/** Days between two long forecasts, in steps. */
export function reviewEverySteps(world: TraceWorld): number {
  return Math.round(DAY_MS / (world.stepMinutes * 60_000));
}
