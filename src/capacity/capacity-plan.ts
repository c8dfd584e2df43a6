import { endMs, gapFraction } from "../model/series.ts";
import { DAY_MS, shortDuration } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { caveatsOf } from "./caveats.ts";
import { planCommitment } from "./commitment.ts";
import { type DemandPath, drawPaths, type ShapePool, shapePool } from "./demand-paths.ts";
import { type Drawn, priceShare } from "./drawn.ts";
import { eventFactors, withoutEvents } from "./event-factors.ts";
import { learnLevels, type PastPlans } from "./level-model.ts";
import { limitsReached } from "./limits-reached.ts";
import { addLoadHours, breakEvenUnits, costUsd, pathWindow, periodPeaks } from "./load-duration.ts";
import { baselineNow, historyNeeds, pathNeeds } from "./path-needs.ts";
import { cutPeriods, type Periods } from "./periods.ts";
import type { CapacityPlan, CapacityRequest, HistoryReach, Interval, PlanMoney } from "./plan-values.ts";
import { recommendLimits } from "./recommend-limits.ts";
import { intervalOf, unitInterval } from "./spread-of.ts";
import { unitsAt, unitTable } from "./unit-table.ts";

/** Less history than this shows not even a day against another. */
const LEAST_HISTORY_MS = 2 * DAY_MS;
/** Weeks of history carry a horizon at most so many times as long. */
const MOST_REACH = 4;
/** A mean demand that counts as none: what the logarithm of 0 is made of. */
const NOTHING_RPS = 2e-9;
const PATHS = 400;
/** Shares of the horizon at which the load-duration curve is shown. */
const SHOWN_SHARES = [0.999, 0.95, 0.75, 0.5, 0.25, 0.05, 0.01];

/**
 * Baseline, limits and commitments for the horizon, from sampled courses of demand.
 *
 * Each path is a level per week (forecast, with errors as large as plans from earlier cut-offs had) times a week of
 * history. Over all paths lies the load-duration curve; where baseline and commitment break even on it is read off.
 * Throws a `UserError` for less than two days of history.
 */
export function planCapacity(request: CapacityRequest): CapacityPlan {
  const { history } = request;
  const spanMs = history.values.length * history.stepMs;
  const known = history.values.some((value) => value >= 0);
  if (spanMs < LEAST_HISTORY_MS || !known || history.stepMs > DAY_MS)
    throw new UserError(
      `capacity: history is ${known ? shortDuration(spanMs) : "empty"} at steps of ${shortDuration(history.stepMs)}: ` +
        "a plan takes two days and steps of a day at most (four weeks for 90 days)",
    );
  const clean = withoutEvents(history, request.events);
  const periods = cutPeriods(clean, request.localMs);
  const kind = periods.periodMs === DAY_MS ? "day" : "week";
  const mostMs = kind === "week" ? MOST_REACH * spanMs : spanMs;
  const horizonMs = Math.min(request.horizonMs, mostMs);
  const pathMs = kind === "week" ? Math.max(horizonMs, request.termMs) : horizonMs;
  const learned = learnLevels(periods, kind, Math.ceil(pathMs / periods.periodMs - 1e-9));
  const pool = shapePool(periods);
  const highestLevel = highestKnown(periods);
  const { paths: count = PATHS, random } = request;
  const paths = drawPaths(learned.model, pool, { count, highestLevel, random });
  const cutoffMs = endMs(history);
  const span = { cutoffMs, endMs: cutoffMs + pathMs };
  const factors = eventFactors(request.events, periods, span, request.localMs);
  const { baseline, predictive } = request.today.tiers;
  const baselineShare = priceShare(baseline.priceUsdPerUnitHour, predictive.priceUsdPerUnitHour);
  const table = unitTable(request.needUnits, highestPeak({ paths, pool, periods, pathMs, factors }));
  const drawn: Drawn = { request, periods, pool, paths, table, horizonMs, baselineShare, factors };
  return planOn(drawn, reachOf(drawn, learned.past, { kind, spanMs }));
}

/** Highest level of a period, requests/s; 0 where demand was never more. */
function highestKnown({ logLevels }: Periods): number {
  const most = Math.max(...logLevels.filter((level) => !Number.isNaN(level)));
  return Math.exp(most) > NOTHING_RPS ? Math.exp(most) : 0;
}

function highestPeak(sampled: {
  readonly paths: readonly DemandPath[];
  readonly pool: ShapePool;
  readonly periods: Periods;
  readonly pathMs: number;
  readonly factors: ReadonlyMap<number, Float64Array>;
}): number {
  const window = pathWindow(sampled.pathMs, sampled.periods.periodMs, sampled.factors);
  let most = 0;
  for (const path of sampled.paths) {
    for (const peak of periodPeaks(path, sampled.pool, window)) most = Math.max(most, peak);
  }
  return most;
}

function reachOf(
  { request, periods, horizonMs }: Drawn,
  past: PastPlans,
  { kind, spanMs }: { readonly kind: "week" | "day"; readonly spanMs: number },
): HistoryReach {
  return {
    spanMs,
    period: kind,
    periods: periods.logLevels.length,
    gapFraction: gapFraction(request.history),
    measuredMs: past.measuredSteps * periods.periodMs,
    horizonMs,
    yearly: kind === "week" && past.usedSeason,
    pastPeaks: past.peaks,
    pastInside: past.inside,
  };
}

function planOn(drawn: Drawn, reach: HistoryReach): CapacityPlan {
  const { request, periods, pool, paths, table, horizonMs, baselineShare, factors } = drawn;
  const window = pathWindow(horizonMs, periods.periodMs, factors);
  const size = table.mostUnits + 1;
  const hoursByPath = (path: DemandPath): Float64Array => {
    const hours = new Float64Array(size);
    addLoadHours(hours, path, { pool, table, window });
    return hours;
  };
  const total = new Float64Array(size);
  const atShares = paths.map((path) => {
    const hours = hoursByPath(path);
    hours.forEach((each, units) => {
      total[units] = (total[units] ?? 0) + each;
    });
    return [baselineShare, ...SHOWN_SHARES].map((share) => breakEvenUnits(hours, share));
  });
  const unitsAtShare = (column: number) => unitInterval(atShares.map((row) => row[column] ?? 0));
  const peaks = paths.map((path) => periodPeaks(path, pool, window));
  const pathPeaks = peaks.map((each) => Math.max(...each));
  const peakUnits = pathPeaks.map((peak) => unitsAt(table, peak));
  const baseline = {
    today: request.today.baselineUnits ?? baselineNow(drawn),
    share: baselineShare,
    units: around(breakEvenUnits(total, baselineShare), unitsAtShare(0)),
  };
  const commitment = planCommitment(drawn, reach, total);
  const needs = pathNeeds(drawn, peaks);
  const recent = historyNeeds(drawn);
  const limits = recommendLimits(drawn, {
    baselineUnits: baseline.units.median,
    commitment,
    peakUnits,
    needs,
  });
  const today = { ...request.today, baselineUnits: baseline.today };
  const lifted = request.events.filter(({ endMs: end }) => end > endMs(request.history));
  const counted = lifted.filter(({ lift }) => lift !== undefined).length;
  const plan = {
    cutoffMs: endMs(request.history),
    reach,
    ...demandOf(drawn, pathPeaks),
    periodPeaksRps: Array.from({ length: window.periods }, (_, at) =>
      intervalOf(peaks.map((each) => each[at] ?? 0)),
    ),
    loadCurve: SHOWN_SHARES.map((share, at) => ({ share, units: unitsAtShare(at + 1) })),
    baseline,
    peakUnits: unitInterval(peakUnits),
    commitment,
    limits,
    reached: limitsReached(needs, recent, today, { periodMs: periods.periodMs, horizonMs }),
    money: moneyOf(drawn, hoursByPath, {
      todayUnits: baseline.today,
      baselineUnits: baseline.units.median,
      committedUnits: commitment.units,
    }),
    events: { counted, withoutLift: lifted.length - counted },
  };
  return { ...plan, caveats: caveatsOf(plan, request) };
}

/** The interval of single paths around what is best over all of them. */
function around(median: number, { lower, upper }: Interval): Interval {
  return { median, lower: Math.min(lower, median), upper: Math.max(upper, median) };
}

function demandOf(
  { periods, paths, horizonMs }: Drawn,
  pathPeaks: readonly number[],
): Pick<CapacityPlan, "demandNowRps" | "demandEndRps" | "peakNowRps" | "peakRps" | "growthPerWeek"> {
  const { logLevels, shapes, periodMs } = periods;
  const last = logLevels.findLastIndex((level) => !Number.isNaN(level));
  const lastPeak = shapes.findLastIndex((shape) => shape !== undefined);
  const end = Math.max(0, Math.ceil(horizonMs / periodMs - 1e-9) - 1);
  const highest = highestKnown(periods);
  const demandNowRps = Math.min(highest, Math.exp(logLevels[last] ?? Number.NEGATIVE_INFINITY));
  const demandEndRps = intervalOf(paths.map(({ levels }) => levels[end] ?? 0));
  const weeks = ((end + 1) * periodMs) / (7 * DAY_MS);
  const shape = shapes[lastPeak];
  return {
    demandNowRps,
    demandEndRps,
    peakNowRps: shape ? Math.exp(logLevels[lastPeak] ?? 0) * shape.peakRatio : demandNowRps,
    peakRps: intervalOf(pathPeaks),
    growthPerWeek: demandNowRps > 0 ? (demandEndRps.median / demandNowRps) ** (1 / weeks) - 1 : 0,
  };
}

interface HeldUnits {
  readonly todayUnits: number;
  readonly baselineUnits: number;
  readonly committedUnits: number;
}

function moneyOf(
  { request, paths }: Drawn,
  hoursByPath: (path: DemandPath) => Float64Array,
  { todayUnits, baselineUnits, committedUnits }: HeldUnits,
): PlanMoney {
  const { tiers } = request.today;
  const prices = {
    committedUsd: request.commitUsdPerUnitHour,
    baselineUsd: tiers.baseline.priceUsdPerUnitHour,
    onDemandUsd: tiers.predictive.priceUsdPerUnitHour,
  };
  const rows = paths.map((path) => {
    const hours = hoursByPath(path);
    const plan = costUsd(hours, { committedUnits, baselineUnits }, prices);
    const now = costUsd(hours, { committedUnits: 0, baselineUnits: todayUnits }, prices);
    const none = costUsd(hours, { committedUnits: 0, baselineUnits: 0 }, prices);
    return { plan, now, none, savedNow: now - plan, savedNone: none - plan };
  });
  return {
    plan: intervalOf(rows.map(({ plan }) => plan)),
    today: intervalOf(rows.map(({ now }) => now)),
    noCommitment: intervalOf(rows.map(({ none }) => none)),
    savedToday: intervalOf(rows.map(({ savedNow }) => savedNow)),
    savedNoCommitment: intervalOf(rows.map(({ savedNone }) => savedNone)),
  };
}
