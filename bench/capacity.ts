/**
 * Plans capacity on the first part of traces and holds the plan against the rest: how many weekly peaks lay in their
 * 90 % interval, and what the recommended baseline would have cost beside the best one in hindsight and beside the
 * one that the daily review held at the cut-off.
 *
 *     node bench/capacity.ts TRACE.csv ... [--train 0.6] [--use 1] [--baseline 0.6]
 *
 * `--use 0.6` looks at the first 60 % of each trace only (for changes of the method); `--baseline` is the price of a
 * baseline unit-hour where one taken when needed costs 1. A unit carries P99.5 of the training part over 50.
 */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { planCapacity } from "../src/capacity/capacity-plan.ts";
import { breakEvenUnits, costUsd } from "../src/capacity/load-duration.ts";
import { quantileOf } from "../src/capacity/spread-of.ts";
import { capacityRequest } from "../src/cli/plan-capacity-request.ts";
import { type DemandSeries, endMs, sliceSeries } from "../src/model/series.ts";
import { DAY_MS, HOUR_MS } from "../src/model/time.ts";
import { readCsvTrace } from "../src/observe/csv-trace.ts";

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    train: { type: "string", default: "0.6" },
    use: { type: "string", default: "1" },
    baseline: { type: "string", default: "0.6" },
  },
});
if (positionals.length === 0) throw new Error("give at least one TRACE.csv");

const WEEK_MS = 7 * DAY_MS;
const PRICE = Number(args.baseline);
const totals = { peaks: 0, inside: 0, below: 0 };
console.log(
  "trace                          history  ahead   peaks in 90 %  width   past in      baseline best " +
    "cost/best today/best     K  cpu ms",
);
for (const path of positionals) await study(path);
console.log(
  `\nall: ${totals.inside} of ${totals.peaks} peaks of a period inside, ${totals.below} below the upper end`,
);

async function study(path: string): Promise<void> {
  const { series: whole } = await readCsvTrace({ path, stepMs: undefined, timeZone: "UTC" });
  const series = part(whole, 0, Number(args.use));
  const history = part(series, 0, Number(args.train));
  const rest = part(series, Number(args.train), 1);
  const known = history.values.filter((value) => value >= 0).sort();
  const unitRps = quantileOf(known, 0.995) / 50;
  const needUnits = (rps: number): number => Math.max(1, Math.ceil(rps / unitRps - 1e-9));
  const tier = (priceUsdPerUnitHour: number) => ({ minUnits: 0, maxUnits: 100_000, priceUsdPerUnitHour });
  const began = process.cpuUsage();
  const plan = planCapacity(
    capacityRequest({
      series: history,
      timeZone: "UTC",
      needUnits,
      horizonMs: rest.values.length * rest.stepMs,
      termMs: 365 * DAY_MS,
      commitUsdPerUnitHour: PRICE,
      today: {
        tiers: { baseline: tier(PRICE), predictive: tier(1), burst: tier(1) },
        limits: { maxTotalUnits: 60, maxCostUsdPerHour: 60, burstReserveUnits: 3 },
        warm: { maxUnits: 0, priceUsdPerUnitHour: 0.4 },
        baselineUnits: undefined,
      },
      events: [],
    }),
  );
  const { user, system } = process.cpuUsage(began);
  const held = scorePeaks(plan.periodPeaksRps, rest, plan.reach.period === "week" ? WEEK_MS : DAY_MS);
  totals.peaks += held.count;
  totals.inside += held.inside;
  totals.below += held.below;
  const span = sliceSeries(rest, rest.startMs, rest.startMs + plan.reach.horizonMs);
  const hours = loadHours(span, needUnits);
  const best = breakEvenUnits(hours, PRICE);
  const cost = (baselineUnits: number): number =>
    costUsd(
      hours,
      { committedUnits: 0, baselineUnits },
      { committedUsd: PRICE, baselineUsd: PRICE, onDemandUsd: 1 },
    );
  const { reach, baseline, commitment } = plan;
  const row = [
    basename(path).padEnd(30),
    `${(reach.spanMs / DAY_MS).toFixed(0)} d`.padStart(6),
    `${(reach.horizonMs / DAY_MS).toFixed(0)} d`.padStart(6),
    `${held.inside}/${held.count} (${held.below} below)`.padStart(16),
    held.width.toFixed(2).padStart(6),
    `${reach.pastInside}/${reach.pastPeaks}`.padStart(10),
    `${baseline.units.median} [${baseline.units.lower}, ${baseline.units.upper}]`.padStart(14),
    `${best}`.padStart(4),
    (cost(baseline.units.median) / cost(best)).toFixed(3).padStart(8),
    (cost(baseline.today) / cost(best)).toFixed(3).padStart(8),
    `${commitment.units}`.padStart(5),
    ((user + system) / 1000).toFixed(0).padStart(7),
  ];
  console.log(row.join(" "));
}

function part(series: DemandSeries, from: number, to: number): DemandSeries {
  const steps = series.values.length;
  const at = (share: number): number => series.startMs + Math.floor(share * steps) * series.stepMs;
  return sliceSeries(series, at(from), to >= 1 ? endMs(series) : at(to));
}

/** Whole periods of the rest that are known to 80 %. */
function scorePeaks(
  intervals: readonly { readonly lower: number; readonly upper: number; readonly median: number }[],
  rest: DemandSeries,
  periodMs: number,
): { readonly count: number; readonly inside: number; readonly below: number; readonly width: number } {
  let [count, inside, below, width] = [0, 0, 0, 0];
  intervals.forEach(({ lower, upper, median }, at) => {
    const period = sliceSeries(rest, rest.startMs + at * periodMs, rest.startMs + (at + 1) * periodMs);
    const known = period.values.filter((value) => value >= 0);
    if (endMs(period) > endMs(rest) || known.length < 0.8 * period.values.length) return;
    const peak = known.reduce((most, value) => Math.max(most, value), 0);
    count++;
    if (peak >= lower && peak <= upper) inside++;
    if (peak <= upper) below++;
    width += (upper - lower) / median;
  });
  return { count, inside, below, width: width / count };
}

function loadHours(series: DemandSeries, needUnits: (rps: number) => number): Float64Array {
  const needs = Array.from(
    series.values.filter((value) => value >= 0),
    needUnits,
  );
  const hours = new Float64Array(Math.max(...uniqueOf(needs)) + 1);
  for (const units of needs) hours[units] = (hours[units] ?? 0) + series.stepMs / HOUR_MS;
  return hours;
}

function uniqueOf(values: readonly number[]): readonly number[] {
  return [...new Set(values)];
}
