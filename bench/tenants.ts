/**
 * Three services under one budget: violations with shares beside first come, first served, fixed parts, and no budget
 * at all. Seeded demand, the real decisions, a lead time of two steps.
 *
 *     node bench/tenants.ts [--days 14] [--budget 36] [--svg FILE] [--json FILE]
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Account } from "../src/model/tenancy.ts";
import { countOption } from "./parts/count-option.ts";
import { finishReport, startReport } from "./parts/report.ts";
import { tenantsFigure } from "./parts/tenant-figure.ts";
import { tenantTraces } from "./parts/tenant-traces.ts";
import { type Rule, runTenants, STEP_MS, type TenantRow } from "./parts/tenant-world.ts";

const RULES: readonly Rule[] = ["no budget", "first come", "fixed parts", "shares"];
const STEP_HOURS = STEP_MS / 3_600_000;

const { values: args } = parseArgs({
  options: {
    days: { type: "string", default: "14" },
    budget: { type: "string", default: "36" },
    svg: { type: "string" },
    json: { type: "string" },
  },
});
const days = countOption("days", args.days);
const budgetUnits = countOption("budget", args.budget);
const account: Account = {
  name: "web",
  budgetUnits,
  maxCostUsdPerHour: null,
  priceUsdPerUnitHour: null,
  members: [
    { service: "checkout", priority: 0, weight: 2, floorUnits: 8, headroomFraction: 0.25 },
    { service: "reports", priority: 2, weight: 1, floorUnits: 3, headroomFraction: 0.25 },
    { service: "search", priority: 1, weight: 2, floorUnits: 5, headroomFraction: 0.25 },
  ],
};
const started = startReport("tenants");
const cpuBefore = process.cpuUsage();
const traces = tenantTraces(days, 20_261_122);
const runs = RULES.map((rule) => ({ rule, rows: runTenants(account, traces, rule) }));
const cpu = process.cpuUsage(cpuBefore);
const samples = runs.flatMap(({ rule, rows }) => rows.map((row) => ({ rule, ...figuresOf(row) })));
if (args.svg !== undefined) writeFileSync(args.svg, tenantsFigure(runs, budgetUnits));
finishReport({ ...started, ...table(), samples }, args.json);

interface Figures {
  readonly service: string;
  /** Share of steps in which fewer units were ready than demand needed. */
  readonly violations: number;
  readonly shortUnitHours: number;
  readonly starvedHours: number;
  readonly unitHours: number;
}

function figuresOf({ service, needed, ready, running, starvedSteps }: TenantRow): Figures {
  const short = needed.map((units, step) => Math.max(0, units - (ready[step] ?? 0)));
  return {
    service,
    violations: short.filter((units) => units > 0).length / short.length,
    shortUnitHours: STEP_HOURS * sum(short),
    starvedHours: STEP_HOURS * starvedSteps,
    unitHours: STEP_HOURS * sum(running),
  };
}

function table() {
  const found = (rule: Rule, service: string) =>
    samples.find((sample) => sample.rule === rule && sample.service === service);
  const most = (rule: Rule): number => {
    const rows = runs.find((run) => run.rule === rule)?.rows ?? [];
    return Math.max(
      ...(rows[0]?.running ?? []).map((_, step) => sum(rows.map((row) => row.running[step] ?? 0))),
    );
  };
  const first = found("shares", "checkout")?.shortUnitHours ?? Number.NaN;
  const come = found("first come", "checkout")?.shortUnitHours ?? Number.NaN;
  const starved = sum(
    samples.filter(({ rule }) => rule === "shares").map(({ starvedHours }) => starvedHours),
  );
  return {
    header: [
      "budget",
      "service",
      "violations",
      "short, unit-hours",
      "kept below its floor, h",
      "unit-hours",
      "most units",
    ],
    rows: samples.map(({ rule, ...figures }, i) => [
      i % traces.length === 0 ? rule : "",
      figures.service,
      `${(100 * figures.violations).toFixed(2)} %`,
      figures.shortUnitHours.toFixed(1),
      rule === "no budget" ? "-" : figures.starvedHours.toFixed(1),
      figures.unitHours.toFixed(0),
      i % traces.length === 0 ? String(most(rule)) : "",
    ]),
    checks: [
      check("most units at once, shares", most("shares"), budgetUnits),
      check("hours below a floor, shares", starved, 0),
      check("class 0 short, shares over first come", Math.round((1000 * first) / come) / 1000, 1),
      check("CPU seconds", Math.round((cpu.user + cpu.system) / 1e4) / 100, 60),
    ],
  };
}

function check(what: string, measured: number, most: number) {
  return { what, measured: String(measured), bar: `<= ${most}`, met: measured <= most };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
