import { nextLatencyState } from "../decide/latency.ts";
import { nextNeedHistory } from "../decide/need-history.ts";
import { type CycleRecord, STAGES, type Stage, toRecord } from "../model/cycle.ts";
import { type DecideInput, decideSettings } from "../model/decide-input.ts";
import type { PlatformState, TrafficSample } from "../model/platform.ts";
import { type DemandSeries, endMs, sliceSeries } from "../model/series.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import type { Sizes } from "../model/tier.ts";
import { HOUR_MS, MINUTE_MS } from "../model/time.ts";
import { addCycle } from "../model/totals.ts";
import { verify } from "../verify/verify.ts";
import { applyStage, rollBack } from "./apply-stage.ts";
import { emptyRecord } from "./empty-record.ts";
import { forecastFault } from "./forecast-fault.ts";
import { judgeForecast, withHeadroom } from "./gate.ts";
import { answerLimitMs, askInTime } from "./in-time.ts";
import { nextLateSteps, observeDemand } from "./observe-demand.ts";
import { withLatency } from "./observe-latency.ts";
import type { ControllerParts } from "./parts.ts";
import {
  type CycleOptions,
  currentSizes,
  cycleMs,
  hasDrifted,
  leadTimesMs,
  modeInForce,
  type Pass,
} from "./pass.ts";
import { prewarm, prewarmInput } from "./prewarm.ts";
import { isSamePlan } from "./same-plan.ts";
import { settleShare, withShare } from "./share.ts";
import { appliedSizes, type ControllerState, saveState, sizesOf } from "./state.ts";
import { renderDecision, think } from "./think.ts";
import { learnServing, mergeTraffic } from "./traffic-summary.ts";
import { expectedKinds, warmKindsInput } from "./warm-kinds.ts";

/** Steps written again at each cycle: a late sample still gets in. */
const RECORDED_STEPS = 6;

const RUN_ONCE: Readonly<Partial<Record<Stage, (pass: Pass) => Promise<void>>>> = {
  observe,
  forecast,
  assess: judgeForecast,
  decide,
  render: renderInputs,
  apply: applyStage,
  verify: async (pass) => {
    await verifyOutcome(pass);
    await prewarm(pass);
  },
};

/**
 * One pass of the pipeline. Expected endings are in the record; a broken assumption ends the cycle, is recorded as
 * its error, and leaves capacity as it is.
 */
export async function runCycle(
  parts: ControllerParts,
  state: ControllerState,
  options: CycleOptions,
): Promise<CycleRecord> {
  const record = emptyRecord(parts);
  const pass: Pass = {
    parts,
    state,
    options,
    record,
    beganMonotonicMs: parts.clock.monotonicMs(),
    traffic: null,
    series: null,
    input: null,
    baselineReviewed: false,
  };
  for (const stage of STAGES) {
    const run = RUN_ONCE[stage];
    if (run !== undefined) await timed(pass, stage, run);
    if (record.error !== null || stage === options.stopAfter) break;
  }
  return finish(pass);
}

async function timed(pass: Pass, stage: Stage, run: (pass: Pass) => Promise<void>): Promise<void> {
  const began = pass.parts.clock.monotonicMs();
  try {
    await run(pass);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    pass.record.error = `${stage}: ${message}`;
    // An update may have begun: what it did is not known.
    if (stage === "apply") pass.state.needsRecovery = true;
    pass.state.lastError = { atMs: pass.parts.clock.nowMs(), stage, message };
    pass.parts.log.error(stage, message, { cycle: pass.record.cycle });
  }
  const tookMs = Math.round((pass.parts.clock.monotonicMs() - began) * 10) / 10;
  pass.state.progress = { monotonicMs: pass.parts.clock.monotonicMs(), wallMs: pass.parts.wallMs() };
  pass.record.stageMs = { ...pass.record.stageMs, [stage]: tookMs };
}

async function observe(pass: Pass): Promise<void> {
  const { parts, record, state } = pass;
  const now = parts.clock.nowMs();
  const observed = await observeDemand(parts, state.asked.demand, now, state.lateSteps);
  const { series, observation } = observed;
  state.lateSteps = nextLateSteps(state.lateSteps, observed);
  record.platform = await readPlatform(pass);
  const seconds = await recentTraffic(parts);
  record.observation = withLatency(observation, seconds, parts);
  pass.traffic = mergeTraffic(seconds);
  state.service = learnServing(state.service, pass.traffic);
  pass.series = series;
  if (series !== null && parts.settings.demand.source === "platform") recordDemand(pass, series);
  if (observation.freshness === "fresh") {
    if (state.missingSinceMs !== null) parts.log.info("observe", "demand is back");
    state.missingSinceMs = null;
  } else if (state.missingSinceMs === null) {
    state.missingSinceMs = observation.atMs;
    parts.log.warn("observe", `demand is ${observation.freshness}: capacity is held. ${observation.note}`);
  }
}

/** Live counts live only as long as the router's ring buffer: what a cycle read of them is kept in the journal. */
function recordDemand(pass: Pass, series: DemandSeries): void {
  const { parts } = pass;
  const recent = sliceSeries(series, endMs(series) - RECORDED_STEPS * series.stepMs, endMs(series));
  parts.journal.appendDemand(parts.settings.service, recent.startMs, recent.stepMs, recent.values);
}

async function forecast(pass: Pass): Promise<void> {
  const { state, record, series } = pass;
  if (series === null) {
    record.forecast = null;
    return;
  }
  if (state.forecast === null || state.forecast.forecast.cutoffMs !== record.observation.cutoffMs) {
    state.forecast = await forecastOrNone(pass, series);
  }
  if (state.forecast === null) return;
  record.forecast = toRecord(state.forecast.forecast);
  record.evidence = state.forecast.evidence;
}

/** A series that cannot be forecast is sized for by what is observed. */
async function forecastOrNone(
  { parts, state }: Pass,
  series: DemandSeries,
): Promise<ControllerState["forecast"]> {
  try {
    const limit = { what: "the forecast", wallMs: answerLimitMs(parts) };
    const made = await askInTime(parts.clock, state.asked.forecast, limit, async () => {
      const ahead = await parts.ahead?.read(parts.clock.nowMs());
      return parts.forecaster.forecast(parts.settings.service, series, ahead);
    });
    const fault = forecastFault(made.forecast);
    if (fault === undefined) return made;
    parts.log.warn("forecast", `the forecast is left out: ${fault}`);
    return null;
  } catch (error) {
    parts.log.warn("forecast", error instanceof Error ? error.message : String(error));
    return null;
  }
}

/** `assess` and `decide`: one pure function of one recorded value. */
async function decide(pass: Pass): Promise<void> {
  const { parts, state, record } = pass;
  const input = withShare(pass, decideInput(pass));
  pass.input = input;
  record.decideInput = input;
  const { decision, baselineReviewed } = think(input);
  record.decision = decision;
  state.needHistory = nextNeedHistory(input, decision.need);
  state.latency = nextLatencyState(input, decision.after.units) ?? null;
  pass.baselineReviewed = baselineReviewed;
  for (const bound of decision.limits) {
    if (!bound.belowReactive) continue;
    parts.log.warn(
      "decide",
      `${bound.limit} keeps ${bound.tier} at ${bound.allowedUnits} of ${bound.askedUnits} units: ` +
        "below what demand needs now",
    );
  }
}

function decideInput(pass: Pass): DecideInput {
  const { parts, state, record } = pass;
  const nowMs = parts.clock.nowMs();
  const pause = parts.journal.getState("pause");
  const settings = { ...decideSettings(parts.settings), mode: modeInForce(pass), cycleMs: cycleMs(pass) };
  const { gate } = state;
  return {
    schema: 2,
    nowMs,
    decisionId: `${parts.settings.service}-${record.cycle}`,
    settings: gate?.forecastActs === false ? withHeadroom(settings, parts.settings.gate) : settings,
    observation: record.observation,
    forecast: record.forecast,
    evidence: record.evidence,
    ...(gate === null
      ? {}
      : { gate: { forecastActs: gate.forecastActs, sinceMs: gate.sinceMs, reason: gate.reason } }),
    platform: record.platform,
    current: currentSizes(pass),
    warmExpiresMs: state.applied?.warm.expiresMs ?? null,
    ...warmKindsInput(state),
    ...prewarmInput(parts),
    needHistory: state.needHistory,
    ...(state.latency === null ? {} : { latency: state.latency }),
    appliedAtMs: state.updateTimes.filter((atMs) => atMs > nowMs - HOUR_MS && atMs <= nowMs),
    lastBaselineReviewMs: state.baselineReviewMs,
    leadTimesMs: leadTimesMs(pass),
    service: state.service,
    missingSinceMs: state.missingSinceMs,
    pause: pause !== null && pause.untilMs > nowMs ? { untilMs: pause.untilMs, reason: pause.reason } : null,
  };
}

/** A new plan number is taken only for a plan that differs: numbers are durable writes. */
async function renderInputs(pass: Pass): Promise<void> {
  const { parts, state, record } = pass;
  if (record.decision === null) return;
  const { journal } = parts;
  const draft = renderWith(pass, journal.planGeneration());
  // After a run that ended badly its number may be taken on the platform: the same number again is refused.
  const isDue = state.needsRecovery || hasDrifted(pass);
  const differs = isDue || !isSamePlan(state.applied, draft);
  const seen = record.platform?.planGeneration ?? 0;
  if (differs && seen > journal.planGeneration()) journal.raisePlanGeneration(seen);
  const generation = differs ? journal.nextPlanGeneration() : journal.planGeneration();
  record.planGeneration = generation;
  record.stackInputs = { ...draft, planGeneration: generation };
}

function renderWith(pass: Pass, planGeneration: number): StackInputs {
  const { parts, record, input } = pass;
  if (record.decision === null || input === null) throw new Error("render without a decision");
  const { service, tags } = parts.settings;
  return renderDecision(input, record.decision, {
    service,
    tags,
    planGeneration,
    endpointFile: parts.endpointFile,
    speed: parts.clock.speed,
  });
}

async function verifyOutcome(pass: Pass): Promise<void> {
  const { parts, state, record } = pass;
  if (state.applied === null) return;
  if (record.apply?.kind === "applied") record.platform = await readPlatform(pass);
  settleShare(pass);
  const sinceWallMs = parts.wallMs() - state.appliedWallMs;
  const since = sinceWallMs < MINUTE_MS ? null : mergeTraffic(await recentTraffic(parts));
  const verdict = verify({
    nowMs: parts.clock.nowMs(),
    expected: {
      sizes: expectedSizes(state, record.platform, parts.clock.nowMs()),
      warmKinds: expectedKinds(state, parts.clock.nowMs()),
      previous: sizesOf(state.previous ?? state.applied),
      appliedAtMs: state.lastApplyMs ?? record.startedMs,
    },
    lastApply: record.apply,
    attempts: state.failedUpdates,
    leadTimeMs: parts.journal.leadTimes(1)[0]?.leadTimeMs ?? parts.settings.leadTime.priorMs,
    platform: record.platform,
    trafficBefore: since === null ? null : state.trafficBefore,
    trafficSince: since,
  });
  record.verdict = verdict;
  if (verdict.kind === "keep") parts.journal.markAppliedGood();
  if (verdict.kind === "drift") parts.log.warn("verify", `drift: ${verdict.note}`);
  if (verdict.kind === "roll-back") await rollBack(pass, verdict.note);
}

/** An expired warm pool is empty by itself: that is no drift. */
function expectedSizes(state: ControllerState, platform: PlatformState | null, nowMs: number): Sizes {
  const sizes = appliedSizes(state);
  const expiresMs = state.applied?.warm.expiresMs ?? null;
  if (platform === null || expiresMs === null || expiresMs > nowMs) return sizes;
  return { ...sizes, warmUnits: platform.warm.wantedUnits };
}

function recentTraffic(parts: ControllerParts): Promise<readonly TrafficSample[]> {
  return parts.platform.traffic(parts.wallMs() - MINUTE_MS).catch(() => []);
}

async function readPlatform({ parts, state, record }: Pass): Promise<PlatformState | null> {
  try {
    return await parts.platform.state();
  } catch (error) {
    // Before the first update there may be no platform yet: nothing to warn of.
    if (state.applied === null) return null;
    const message = error instanceof Error ? error.message : String(error);
    state.lastError = { atMs: parts.clock.nowMs(), stage: "observe", message };
    parts.log.warn("observe", message, { cycle: record.cycle });
    return null;
  }
}

function finish(pass: Pass): CycleRecord {
  const { parts, state, record } = pass;
  state.lastRecord = record;
  state.totals = addCycle(state.totals, record);
  try {
    parts.journal.appendCycle(record);
    saveState(parts, state);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    state.lastError = { atMs: parts.clock.nowMs(), stage: "verify", message };
    parts.log.error("verify", `cycle ${record.cycle} could not be recorded: ${message}`);
  }
  return record;
}
