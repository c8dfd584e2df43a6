import { tierCapacity } from "../cli/tier-capacity.ts";
import type { ViewAhead, ViewPolicy, ViewState, ViewStep } from "../cli/view/view-state.ts";
import type { ControllerParts } from "../controller/parts.ts";
import type { CycleRecord } from "../model/cycle.ts";
import { type QuantileForecast, quantileAt } from "../model/forecast.ts";
import type { PlatformState } from "../model/platform.ts";
import { type DemandSeries, endMs } from "../model/series.ts";
import type { Sizes } from "../model/tier.ts";
import { cycleOutcome } from "../model/totals.ts";
import type { Meter } from "./meter.ts";
import type { Comparison } from "./reactive.ts";

/** All that the demo knows when a frame is drawn. */
export interface DemoScene {
  readonly parts: ControllerParts;
  readonly history: DemandSeries;
  readonly meter: Meter | undefined;
  readonly phase: string;
  readonly record: CycleRecord | undefined;
  readonly forecast: QuantileForecast | undefined;
  readonly lastApplied: CycleRecord | undefined;
  readonly engine: { readonly runs: number; readonly totalMs: number };
  readonly comparison: Comparison | undefined;
  readonly remainingWallMs: number | null;
}

const HISTORY_STEPS = 48;
const AHEAD_STEPS = 24;

export function viewOf(scene: DemoScene): ViewState {
  const { parts, record, meter, engine, comparison } = scene;
  const { settings, clock } = parts;
  const latest = meter?.latest();
  return {
    service: settings.service,
    mode: settings.mode,
    time: {
      atMs: clock.nowMs(),
      timeZone: settings.demand.timeZone,
      wallMs: parts.wallMs(),
      speed: clock.speed,
      remainingWallMs: scene.remainingWallMs,
    },
    phase: scene.phase,
    chart: chartOf(scene),
    ready: latest === undefined ? null : readySizes(latest.state),
    demandRps: record?.observation.demandRps ?? null,
    leadTimeMs: parts.journal.leadTimes(1)[0]?.leadTimeMs ?? null,
    decision: decisionOf(record),
    diff: scene.lastApplied?.apply?.kind === "applied" ? scene.lastApplied.apply.diff : [],
    policy: policyOf(record, scene.lastApplied),
    engine,
    latency: latest?.traffic?.served ? latest.traffic : null,
    outcome: ownOutcome(meter),
    reactive: comparison === undefined ? null : reactiveOutcome(scene, comparison),
  };
}

function decisionOf(record: CycleRecord | undefined): ViewState["decision"] {
  const decision = record?.decision ?? null;
  if (decision === null || record === undefined) return null;
  const { strategy, trust } = decision.risk;
  return { cycle: record.cycle, why: decision.why, strategy, trust, outcome: cycleOutcome(record) };
}

export function ownOutcome(meter: Meter | undefined): ViewState["outcome"] {
  if (meter === undefined) return { requests: 0, violations: 0, unitHours: 0, costUsd: 0 };
  const { requests, late, failed, unitHours, costUsd } = meter.totals();
  return { requests, violations: late + failed, unitHours, costUsd };
}

/** The reactive rule knows no tiers: its units cost what a predictive one costs. */
export function reactiveOutcome(
  { parts, meter }: Pick<DemoScene, "parts" | "meter">,
  comparison: Comparison,
) {
  const requests = meter?.totals().requests ?? 0;
  const { unitHours, violationShare } = comparison.reactive;
  const price = parts.settings.tiers.predictive.priceUsdPerUnitHour;
  return {
    requests,
    violations: Math.round(requests * violationShare),
    unitHours,
    costUsd: unitHours * price,
  };
}

function policyOf(record: CycleRecord | undefined, applied: CycleRecord | undefined): ViewPolicy | null {
  if (record?.apply?.kind === "policy-violation")
    return { kind: "violated", violations: record.apply.violations };
  if (record?.apply?.kind === "engine-missing") return { kind: "not-checked", reason: "engine missing" };
  if (applied?.apply?.kind === "applied") return { kind: "passed", checks: applied.apply.policiesPassed };
  return null;
}

function chartOf(scene: DemoScene): ViewState["chart"] {
  const { parts, forecast, history } = scene;
  const { stepMs } = parts.settings.demand;
  const nowMs = parts.clock.nowMs();
  const cutoffMs = Math.floor(nowMs / stepMs) * stepMs;
  const steps: ViewStep[] = [];
  for (let i = HISTORY_STEPS; i >= 1; i--) steps.push(stepAt(scene, history, cutoffMs - i * stepMs, stepMs));
  const ahead: ViewAhead[] = [];
  for (let i = 0; forecast !== undefined && i < AHEAD_STEPS; i++) {
    const step = Math.round((cutoffMs - forecast.cutoffMs) / forecast.stepMs) + i;
    const at = (level: number) => quantileAt(forecast, level, step);
    if (step < 0 || Number.isNaN(at(0.5))) continue;
    ahead.push({ medianRps: at(0.5), lowerRps: at(0.05), upperRps: at(0.95) });
  }
  return { stepMs, history: steps, ahead, cutoffMs };
}

/** What was measured in a step; before the service ran, what the trace says. */
function stepAt(scene: DemoScene, history: DemandSeries, fromMs: number, stepMs: number): ViewStep {
  const seconds = (scene.meter?.seconds ?? []).filter(
    (second) => second.atMs > fromMs && second.atMs <= fromMs + stepMs,
  );
  if (seconds.length === 0) {
    const value = fromMs < endMs(history) ? history.values[(fromMs - history.startMs) / stepMs] : undefined;
    return { demandRps: value === undefined || Number.isNaN(value) ? null : value, capacityRps: null };
  }
  const demandRps = seconds.reduce((sum, second) => sum + second.demandRps, 0) / seconds.length;
  const units = seconds.at(-1)?.units ?? { baseline: 0, predictive: 0, burst: 0 };
  return { demandRps, capacityRps: tierCapacity(units, scene.parts.settings.resources) };
}

function readySizes({ tiers, warm }: PlatformState): Sizes {
  const { baseline, predictive, burst } = tiers;
  return {
    units: { baseline: baseline.readyUnits, predictive: predictive.readyUnits, burst: burst.readyUnits },
    warmUnits: warm.idleUnits,
  };
}
