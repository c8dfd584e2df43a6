/**
 * Error of the forecast in the hour of a campaign that doubles demand, announced a day ahead, against
 * ordinary hours, by occurrence, on seeded demand; with the shipped light members.
 *
 *     node bench/events.ts [--seeds N] [--members NAME,NAME]
 *
 * Errors are medians' absolute errors over demand, summed over the hour. `additive`: noise does not grow with
 * demand, so that in a doubled hour it is half as large in proportion.
 */
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { forecastInContext } from "../src/forecast/context/in-context.ts";
import { forecastEnsemble } from "../src/forecast/ensemble/ensemble.ts";
import { MEMBERS } from "../src/forecast/registry.ts";
import type { ScheduledEvent } from "../src/model/known-ahead.ts";
import type { DemandSeries } from "../src/model/series.ts";
import { DAY_MS, HOUR_MS } from "../src/model/time.ts";
import { type Campaign, eventsOf, inputAt, madeDemand } from "../test/forecast/context/made-series.ts";
import { START_MS, STEP_MS } from "../test/forecast/fixtures.ts";

const { values: args } = parseArgs({
  options: { seeds: { type: "string", default: "4" }, members: { type: "string" } },
});
const members =
  args.members?.split(",") ?? MEMBERS.filter(({ cost }) => cost === "light").map(({ name }) => name);
const AHEAD_MS = [HOUR_MS, 12 * HOUR_MS, 23 * HOUR_MS];

interface HourError {
  readonly missed: number;
  readonly demand: number;
  readonly inside: number;
}

/** Days 8, 10 and 15 are a Tuesday, a Thursday and a Tuesday; the day after each is a working day. */
function campaignsOf(seed: number): readonly Campaign[] {
  return [8, 10, 15].map((day, k) => ({ day, hour: 9 + ((3 * seed + 4 * k) % 10), factor: 2 }));
}

function hourError(
  series: DemandSeries,
  events: readonly ScheduledEvent[],
  fromMs: number,
  aheadMs: number,
): HourError {
  const input = { ...inputAt(series, fromMs - aheadMs, members), ahead: { events, leading: [] } };
  const outcome = forecastInContext(input, forecastEnsemble);
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  const { levels, quantiles } = outcome.forecast;
  const first = Math.round((fromMs - START_MS) / STEP_MS);
  const sums = { missed: 0, demand: 0, inside: 0 };
  for (let step = 0; step < HOUR_MS / STEP_MS; step++) {
    const truth = series.values[first + step] ?? Number.NaN;
    const at = (level: number): number =>
      quantiles[levels.indexOf(level)]?.[aheadMs / STEP_MS + step] ?? Number.NaN;
    sums.missed += Math.abs(truth - at(0.5));
    sums.demand += truth;
    if (truth >= at(0.05) && truth <= at(0.95)) sums.inside += STEP_MS / HOUR_MS;
  }
  return sums;
}

function add(list: readonly HourError[]): HourError {
  return list.reduce(
    (sum, one) => ({
      missed: sum.missed + one.missed,
      demand: sum.demand + one.demand,
      inside: sum.inside + one.inside / list.length,
    }),
    { missed: 0, demand: 0, inside: 0 },
  );
}

const startedCpu = process.cpuUsage();
console.log(
  `Machine: ${cpus().length} x ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
);
console.log(`Members: ${members.join(", ")}; ${args.seeds} seeds; 1, 12 and 23 h ahead\n`);
console.log("noise          occurrence   error   ordinary   ratio   inside 90 %");
for (const isAdditive of [false, true]) {
  for (let occurrence = 0; occurrence < 3; occurrence++) {
    const inEvent: HourError[] = [];
    const ordinary: HourError[] = [];
    for (let seed = 1; seed <= Number(args.seeds); seed++) {
      const campaigns = campaignsOf(seed);
      const series = madeDemand(18, campaigns, { seed, isAdditive });
      const events = eventsOf(campaigns);
      const fromMs = events[occurrence]?.startMs ?? START_MS;
      for (const aheadMs of AHEAD_MS) {
        inEvent.push(hourError(series, events, fromMs, aheadMs));
        ordinary.push(hourError(series, events, fromMs + DAY_MS, aheadMs));
      }
    }
    const [own, other] = [add(inEvent), add(ordinary)];
    const errors = [own.missed / own.demand, other.missed / other.demand];
    const [error = 0, usual = 0] = errors;
    const cells = [error, usual, error / usual, own.inside].map((value) => value.toFixed(3).padStart(9));
    console.log(
      `${(isAdditive ? "additive" : "proportional").padEnd(14)} ${occurrence + 1}         ${cells.join("")}`,
    );
  }
}
const cpu = process.cpuUsage(startedCpu);
console.log(`\nCPU ${((cpu.user + cpu.system) / 1e6).toFixed(1)} s`);
