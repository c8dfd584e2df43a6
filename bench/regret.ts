/**
 * Regret where the future does not follow the past: variants of a trace made to break forecasts, each replayed, V over
 * the HPA's at equal unit-hours, the worst first. With `--write` the variants are left as CSV, for a judge outside.
 *
 *     node bench/regret.ts TRACE.csv[:LAST_DAYS] ... [--variants step-x3,dst-shift] [--policies tiercast,hpa]
 *         [--lead 15m] [--gate measured] [--members LIST] [--seed 7] [--threads 1] [--write DIR] [--only-write]
 *         [--json FILE]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { parseDurationSetting } from "../src/config.ts";
import type { DemandSeries } from "../src/model/series.ts";
import { MINUTE_MS } from "../src/model/time.ts";
import { UserError } from "../src/model/user-error.ts";
import { readCsvTrace } from "../src/observe/csv-trace.ts";
import type { ComparisonRow } from "../src/simulate/frontier.ts";
import { POLICIES, type Policy, simulate } from "../src/simulate/simulate.ts";
import { lastDays, traceWorld } from "../src/simulate/world.ts";
import { countOption } from "./parts/count-option.ts";
import { regretVariants, type Variant } from "./parts/regret-variants.ts";
import { type Check, finishReport, startReport } from "./parts/report.ts";

const BAR = 1.1;

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    variants: { type: "string" },
    policies: { type: "string", default: "tiercast,perfect,hpa" },
    members: { type: "string" },
    lead: { type: "string" },
    gate: { type: "string", default: "off" },
    seed: { type: "string", default: "7" },
    threads: { type: "string", default: "1" },
    write: { type: "string" },
    "only-write": { type: "boolean", default: false },
    json: { type: "string" },
  },
});
if (positionals.length === 0) throw new UserError("give at least one TRACE.csv");

interface Outcome {
  readonly trace: string;
  readonly variant: Variant;
  readonly comparison: readonly ComparisonRow[];
  readonly cpuMs: number;
}

const policies = args.policies.split(",").map(policyOf);
const shown = policies.filter((policy) => policy !== "hpa" && policy !== "oracle");
const started = startReport("regret");
const outcomes: Outcome[] = [];
for (const spec of positionals) await study(spec);
if (!args["only-write"]) finishReport({ ...started, ...report() }, args.json);

function policyOf(name: string): Policy {
  const policy = POLICIES.find((known) => known === name);
  if (policy === undefined) throw new UserError(`--policies: "${name}" is none of ${POLICIES.join(", ")}`);
  return policy;
}

async function study(spec: string): Promise<void> {
  const [path = "", days] = spec.split(":");
  const { series } = await readCsvTrace({
    path,
    stepMs: undefined,
    timeZone: "UTC",
    timeColumn: undefined,
    valueColumn: undefined,
  });
  const trace = basename(path, ".csv");
  const wanted = args.variants?.split(",");
  const part = days === undefined ? series : lastDays(series, Number(days));
  for (const variant of regretVariants(part, countOption("seed", args.seed))) {
    if (wanted !== undefined && !wanted.includes(variant.name)) continue;
    if (args.write !== undefined) writeCsv(args.write, `${trace}-${variant.name}.csv`, variant.series);
    if (args["only-write"]) continue;
    const outcome = await run(trace, variant);
    outcomes.push(outcome);
    console.error(
      `${trace} ${variant.name}: ${ratios(outcome, "tiercast")}, ${seconds(outcome.cpuMs)} of CPU`,
    );
  }
}

async function run(trace: string, variant: Variant): Promise<Outcome> {
  const leadMinutes =
    args.lead === undefined ? undefined : parseDurationSetting(args.lead, "--lead") / MINUTE_MS;
  const cpu = process.cpuUsage();
  const { comparison } = await simulate({
    world: traceWorld(variant.series, leadMinutes),
    timeZone: "UTC",
    policies,
    ...(args.members !== undefined && { members: args.members.split(",") }),
    threads: countOption("threads", args.threads),
    gate: args.gate === "measured" ? "measured" : "off",
    monotonicMs: () => performance.now(),
  });
  const { user, system } = process.cpuUsage(cpu);
  return { trace, variant, comparison, cpuMs: (user + system) / 1000 };
}

function report() {
  const order = outcomes.toSorted((a, b) => worst(b) - worst(a));
  const rows = order.map((outcome) => [
    outcome.trace,
    outcome.variant.what,
    levels(outcome),
    ...shown.map((policy) => ratios(outcome, policy)),
    seconds(outcome.cpuMs),
  ]);
  const [top] = order;
  const checks: Check[] = [];
  if (top !== undefined && policies.includes("tiercast")) {
    checks.push({
      what: `tiercast's worst V over the HPA's (${top.trace}, ${top.variant.name})`,
      measured: worst(top).toFixed(2),
      bar: `<= ${BAR}`,
      met: worst(top) <= BAR,
    });
  }
  return {
    header: ["trace", "variant", "at", ...shown, "CPU"],
    rows,
    checks,
    samples: order.map(({ trace, variant, comparison, cpuMs }) => {
      return { trace, variant: variant.name, comparison, cpuMs };
    }),
  };
}

/** Tiercast's highest ratio at any level it is compared at; where it has none there, it does not count. */
function worst({ comparison }: Outcome): number {
  const own = comparison.map(({ policies: compared }) => compared["tiercast"]?.violationRatio ?? Number.NaN);
  return Math.max(0, ...own.filter((ratio) => !Number.isNaN(ratio)));
}

function levels({ comparison }: Outcome): string {
  return comparison
    .map(({ at }) =>
      at.kind === "level" ? `${Number((at.level * 100).toPrecision(3))} %` : `${at.ratio} x oracle`,
    )
    .join(" / ");
}

function ratios({ comparison }: Outcome, policy: Policy): string {
  return comparison
    .map(({ policies: compared }) => compared[policy]?.violationRatio ?? Number.NaN)
    .map((ratio) => (Number.isNaN(ratio) ? "-" : ratio.toFixed(2)))
    .join(" / ");
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(0)} s`;
}

/** A missing sample is an empty cell. */
function writeCsv(folder: string, name: string, { startMs, stepMs, values }: DemandSeries): void {
  mkdirSync(folder, { recursive: true });
  const rows = Array.from(values, (value, step) => {
    const at = new Date(startMs + step * stepMs).toISOString().replace(".000Z", "Z");
    return `${at},${Number.isNaN(value) ? "" : value}`;
  });
  writeFileSync(join(folder, name), `${["timestamp,value", ...rows].join("\n")}\n`);
}
