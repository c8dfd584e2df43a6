import type { ForecastRecord } from "../model/cycle.ts";
import { demandAt, stepsBetween } from "../model/outlook.ts";
import type { PrewarmPlan, PrewarmRule } from "../model/prewarm.ts";
import { DAY_MS, MINUTE_MS, shortDuration } from "../model/time.ts";
import type { Facts } from "./facts.ts";
import { leastDemand, risingValues } from "./least-demand.ts";
import { unitsText } from "./words.ts";

/** Steps that need at most this share of the rise above the trough are off-peak. */
const OFF_PEAK_SHARE = 0.25;

/**
 * What to prepare in off-peak hours for the next peak of the coming day; undefined where nothing is configured, the
 * forecast is not trusted, or nothing rises enough.
 *
 * The peak is the largest need at the plan's quantile within 24 h, the trough the smallest median need between now
 * and it; the off-peak window is the stretch around the trough that needs at most a quarter of the rise more. A task
 * is begun inside the window, and not later than its lead before the peak.
 *
 * A plan whose window has begun stands until its peak is over, whatever later forecasts say: what it asked for is being
 * prepared, and is prepared once.
 */
export function planPrewarm(facts: Facts): PrewarmPlan | undefined {
  const { input, settings } = facts;
  const rule = settings.prewarm;
  if (rule === undefined) return undefined;
  const { prewarm: inHand, nowMs } = input;
  const isStanding = inHand !== undefined && inHand.dueMs <= nowMs && nowMs < inHand.peakMs;
  if (isStanding) return inHand;
  if (input.forecast === null || facts.risk.strategy === "reactive-only") return undefined;
  const outlook = readOutlook(facts, input.forecast, rule);
  return outlook && planFor(facts, input.forecast, rule, outlook);
}

/** Indices of steps of the forecast. */
interface Outlook {
  readonly first: number;
  readonly peak: number;
  readonly trough: number;
  readonly peakUnits: number;
  readonly troughUnits: number;
  /** From `first` to `peak`. */
  readonly medianRps: readonly number[];
}

function readOutlook(facts: Facts, forecast: ForecastRecord, rule: PrewarmRule): Outlook | undefined {
  const { nowMs } = facts.input;
  const range = stepsBetween(forecast, nowMs, nowMs + DAY_MS);
  if (range === undefined) return undefined;
  const { first, last } = range;
  let peak = first;
  let peakRps = 0;
  for (let step = first; step <= last; step++) {
    const rps = demandAt(forecast, rule.quantile, step);
    if (rps > peakRps) [peak, peakRps] = [step, rps];
  }
  const medianRps = Array.from({ length: peak - first + 1 }, (_, at) => demandAt(forecast, 0.5, first + at));
  const trough = medianRps.indexOf(Math.min(...medianRps));
  const peakUnits = facts.unitsFor(peakRps).units;
  const troughUnits = facts.unitsFor(medianRps[trough] ?? peakRps).units;
  const rise = peakUnits - troughUnits;
  if (rise <= 0 || rise < rule.minRiseFraction * peakUnits) return undefined;
  return { first, peak, trough, peakUnits, troughUnits, medianRps };
}

function planFor(
  facts: Facts,
  forecast: ForecastRecord,
  rule: PrewarmRule,
  { first, peak, trough, peakUnits, troughUnits, medianRps }: Outlook,
): PrewarmPlan | undefined {
  const { nowMs } = facts.input;
  const lowUnits = Math.floor(troughUnits + OFF_PEAK_SHARE * (peakUnits - troughUnits));
  const highRps = leastDemand(facts, risingValues(medianRps), lowUnits + 1);
  const isLow = (at: number) => (medianRps[at] ?? Number.POSITIVE_INFINITY) < highRps;
  let from = trough;
  while (from > 0 && isLow(from - 1)) from -= 1;
  let to = trough;
  while (isLow(to + 1)) to += 1;
  const startOf = (step: number) => forecast.cutoffMs + step * forecast.stepMs;
  const peakMs = startOf(peak);
  const dueMs = Math.max(nowMs, startOf(first + from));
  const endMs = Math.min(startOf(first + to + 1), peakMs);
  const tasks = rule.tasks.flatMap(({ name, leadMs, perUnit }) => {
    const untilMs = Math.min(endMs, peakMs - leadMs);
    const count = Math.max(1, Math.ceil(perUnit * (peakUnits - troughUnits) - 1e-9));
    return untilMs > dueMs ? [{ name, count, untilMs }] : [];
  });
  if (tasks.length === 0) return undefined;
  const q = `q${Number(rule.quantile.toFixed(3))}`;
  return {
    id: `peak-${new Date(Math.round(peakMs / MINUTE_MS) * MINUTE_MS).toISOString().slice(0, 16)}Z`,
    peakMs,
    peakUnits,
    troughUnits,
    dueMs,
    untilMs: Math.max(...tasks.map((task) => task.untilMs)),
    tasks,
    reason:
      `${unitsText(peakUnits)} at ${q} in ${shortDuration(peakMs - nowMs)}, up from ${troughUnits}: ` +
      `prepared off-peak, from ${shortDuration(dueMs - nowMs)} on`,
  };
}
