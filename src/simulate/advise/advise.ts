import { MEMBERS } from "../../forecast/registry.ts";
import { type DemandSeries, gapFraction } from "../../model/series.ts";
import { DAY_MS, MINUTE_MS, shortDuration } from "../../model/time.ts";
import { worldUnitRps } from "../figures.ts";
import { frontier } from "../frontier.ts";
import type { ForecastBlock } from "../replay-job.ts";
import { TIERCAST_KNOBS, type TiercastKnob } from "../replay-settings.ts";
import { type Simulation, type SweptRun, simulate } from "../simulate.ts";
import { type SweepRequest, sweepTiercast } from "../sweep.ts";
import { type TraceWorld, traceWorld } from "../world.ts";
import type { Advice, LeadAdvice, Reason, Rhythm, Verdict } from "./advice.ts";
import { billsOf, leastFixedHours, nearestRun, type Prices, scoredSums, shownRow } from "./bills.ts";
import { forecastQuality } from "./forecast-quality.ts";
import { type Evidence, judge } from "./judge.ts";
import { betterLastValue, type LastValue, lastValueForecasts } from "./last-value.ts";
import { standing } from "./luck.ts";
import { proposal } from "./proposal.ts";
import { REPLICATES } from "./resample.ts";
import { rhythmOf } from "./rhythm.ts";

export interface AdviseRequest {
  readonly series: DemandSeries;
  readonly timeZone: string;
  /** Only this lead time; undefined: a short and a long one. */
  readonly leadMs?: number | undefined;
  /** Load a unit carries; undefined: P99.5 of the first 60 % over 50. */
  readonly unitRps?: number | undefined;
  readonly prices?: Prices | undefined;
  /** Light members only, fewer knob values and draws. Trained members (LSTM, Transformer) are left out in any case. */
  readonly quick?: boolean;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (what: string, done: number, total: number) => void;
  readonly monotonicMs: () => number;
}

/**
 * Whether a service is predictable, what the forecast would save or prevent, and which settings to begin with:
 * its history replayed through the controller's own decisions beside the HPA (see `simulate`), at a short and a
 * long lead time, with how sure each figure is. Nothing is touched. The same request gives the same advice.
 */
export async function advise(request: AdviseRequest): Promise<Advice> {
  const { series, timeZone } = request;
  const rhythm = rhythmOf(series, timeZone);
  const about = {
    series,
    timeZone,
    gapShare: gapFraction(series),
    historyDays: (series.values.length * series.stepMs) / DAY_MS,
    rhythm,
  };
  const unusable = unusableReason(request);
  if (unusable !== undefined) {
    return { ...about, verdict: "stay-reactive", reasons: [unusable], leads: [], proposal: undefined };
  }
  const leads = await leadAdvices(request);
  const verdict = overall(leads);
  const [shown] = leads;
  return {
    ...about,
    verdict,
    reasons: [...mixedReason(leads), ...rhythmReason(rhythm, verdict)],
    leads,
    proposal:
      shown && proposal({ world: shown.simulation.world, timeZone, verdict, shown, prices: request.prices }),
  };
}

/** Fewer leave no step to learn from before the first shown one. */
const LEAST_STEPS = 40;

function unusableReason({ series, unitRps }: AdviseRequest): Reason | undefined {
  const steps = series.values.length;
  if (steps < LEAST_STEPS) {
    const text = `The history has ${steps} steps: too few to learn from 60 % of them and score the rest.`;
    return { code: "short-history", speaks: "against", text };
  }
  const firstScored = Math.floor(steps * 0.6);
  if (!series.values.subarray(firstScored).some((value) => value > 0)) {
    const text = "The last 40 % of the history hold no demand at all: there is nothing to score.";
    return { code: "no-demand", speaks: "against", text };
  }
  if ((unitRps ?? 1) > 0 && worldUnitRps(series.values, firstScored) > 0) return undefined;
  const text =
    "In 99.5 % of the first 60 % of the history there is no demand: no unit can be sized by it, and nothing learned.";
  return { code: "no-demand", speaks: "against", text };
}

/** Knob values of the sweep, from cheap to safe: enough for a frontier. */
const KNOBS = "0.5x0.75 0.5x0.92 0.5 0.8 0.93 0.98 0.999 0.999x1.1 0.999x1.35 0.999x2".split(" ");
/** Those of a quick look, and of the comparison with the rules on the last value: some of the ones above. */
const QUICK_KNOBS = "0.5x0.75 0.5x0.92 0.5 0.8 0.98 0.999 0.999x1.35".split(" ");
const QUICK_REPLICATES = 300;

/** All lead times on the same forecasts: those of the longest one reach far enough for each. */
async function leadAdvices(request: AdviseRequest): Promise<readonly LeadAdvice[]> {
  const worlds = worldsOf(request);
  const longest = worlds.at(-1);
  const advices: LeadAdvice[] = [];
  let forecasts: readonly ForecastBlock[] | undefined;
  let lastValue: LastValue | undefined;
  for (const own of worlds.toReversed()) {
    // Day forecasts fall on the steps of the longest world: all begin with it.
    const world = { ...own, firstShown: longest?.firstShown ?? own.firstShown };
    const simulation = await simulated(request, world, forecasts);
    forecasts = simulation.forecasts;
    // Of amounts and shares, the one that came nearer: the forecast has the harder opponent.
    lastValue ??= betterLastValue(world);
    const control = await sweepTiercast(controlOf(request, world), lastValueForecasts(world, lastValue));
    advices.unshift(leadAdvice(request, simulation, { control, lastValue }));
  }
  return advices;
}

function worldsOf({ series, leadMs, unitRps }: AdviseRequest): readonly TraceWorld[] {
  const world = (leadMinutes: number | undefined): TraceWorld => {
    const made = traceWorld(series, leadMinutes);
    return unitRps === undefined ? made : { ...made, unitRps };
  };
  if (leadMs !== undefined) return [world(leadMs / MINUTE_MS)];
  const short = world(undefined);
  return [short, world(3 * short.leadMinutes)];
}

function simulated(
  request: AdviseRequest,
  world: TraceWorld,
  forecasts: readonly ForecastBlock[] | undefined,
): Promise<Simulation> {
  const { timeZone, threads, monotonicMs, quick } = request;
  return simulate({
    ...sweepOf(request, world),
    timeZone,
    threads,
    monotonicMs,
    policies: ["tiercast", "hpa", "oracle"],
    members: MEMBERS.filter(({ cost }) => (quick ? cost === "light" : cost !== "trained")).map(
      ({ name }) => name,
    ),
    ...(forecasts && { forecasts }),
  });
}

function sweepOf({ signal, onProgress, quick }: AdviseRequest, world: TraceWorld): SweepRequest {
  const lead = shortDuration(world.leadMinutes * MINUTE_MS);
  return {
    world,
    signal,
    knobs: knobsOf(quick ? QUICK_KNOBS : KNOBS),
    onProgress: (what, done, total) =>
      onProgress?.(what === "forecasts" ? what : `${what}, lead time ${lead}`, done, total),
  };
}

function controlOf(request: AdviseRequest, world: TraceWorld): SweepRequest {
  return { ...sweepOf(request, world), knobs: knobsOf(QUICK_KNOBS) };
}

function knobsOf(names: readonly string[]): readonly TiercastKnob[] {
  return TIERCAST_KNOBS.filter(({ name }) => names.includes(name));
}

interface Control {
  /** Tiercast's rules on the last value alone. */
  readonly control: readonly SweptRun[];
  readonly lastValue: LastValue;
}

function leadAdvice(
  request: AdviseRequest,
  simulation: Simulation,
  { control, lastValue }: Control,
): LeadAdvice {
  const { world, runs, oracleUnitHours } = simulation;
  const replicates = request.quick ? QUICK_REPLICATES : REPLICATES;
  const row = shownRow(simulation);
  const own = runs.filter(({ policy }) => policy === "tiercast");
  // At the same knob values: a frontier of fewer points is cut coarser.
  const same = own.filter(({ knob }) => QUICK_KNOBS.includes(knob));
  const hpa = runs.filter(({ policy }) => policy === "hpa");
  const { violationRatio, betterShare } = standing(world, own, hpa, replicates);
  const evidence: Evidence = {
    leadMs: world.leadMinutes * MINUTE_MS,
    violationRatio,
    addedRatio: standing(world, same, control, replicates).violationRatio,
    betterShare,
    scoredDays: scoredSums(world).hours / 24,
    quality: forecastQuality(world, simulation.forecasts, lastValue, replicates),
    hpaOverOracle: hpaHours(simulation) / oracleUnitHours,
    fixedOverOracle: leastFixedHours(world, CAREFUL_LEVEL) / oracleUnitHours,
  };
  return {
    ...evidence,
    ...judge(evidence),
    row,
    knob: row && nearestRun(runs, "tiercast", row.unitHours)?.knob,
    bills: billsOf(simulation, row, request.prices),
    simulation,
  };
}

/** A service that cares misses no more than this. */
const CAREFUL_LEVEL = 0.001;

function hpaHours({ runs }: Simulation): number {
  const curve = frontier(runs.filter(({ policy }) => policy === "hpa").map((run) => run.figures));
  const hours = curve.unitHoursAt(CAREFUL_LEVEL);
  if (!Number.isNaN(hours)) return hours;
  // Its cheapest point is better than that already, or its best one never gets there.
  const [first] = curve.points;
  const isBetter = (first?.violationShare ?? 1) <= CAREFUL_LEVEL;
  return (isBetter ? first : curve.points.at(-1))?.unitHours ?? Number.NaN;
}

/** What both lead times say; where they differ, watching tells. */
function overall(leads: readonly LeadAdvice[]): Verdict {
  const [first] = leads;
  if (first === undefined) return "stay-reactive";
  return leads.every(({ verdict }) => verdict === first.verdict) ? first.verdict : "shadow";
}

function mixedReason(leads: readonly LeadAdvice[]): readonly Reason[] {
  const [first] = leads;
  if (leads.every(({ verdict }) => verdict === first?.verdict)) return [];
  const each = leads.map(({ leadMs, verdict }) => `${verdict} when units take ${shortDuration(leadMs)}`);
  const text = `It hangs on how long your units take to become ready: ${each.join(", ")}. Give yours with --lead.`;
  return [{ code: "mixed", speaks: "neither", text }];
}

const CLEAR_RHYTHM = 0.3;

function rhythmReason({ daily, weekly }: Rhythm, verdict: Verdict): readonly Reason[] {
  if (Number.isNaN(daily)) {
    const text = "Below three days of history nothing can be said about a daily rhythm.";
    return [{ code: "rhythm", speaks: "neither", text }];
  }
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
  const more = Number.isNaN(weekly)
    ? "three weeks are needed for a weekly one"
    : `the day of the week adds ${percent(weekly)}`;
  const speaks = daily >= CLEAR_RHYTHM ? "for" : verdict === "predictive" ? "neither" : "against";
  const text = `The hour of the day explains ${percent(daily)} of how demand moves within a day; ${more}.`;
  return [{ code: "rhythm", speaks, text }];
}
