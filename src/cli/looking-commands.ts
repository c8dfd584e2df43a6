import { STAGES } from "../model/cycle.ts";
import type { CommandSpec, OptionSpec } from "./command-spec.ts";
import { PROMETHEUS_OPTIONS } from "./prometheus-options.ts";

/** How FILE is read. */
const TRACE_OPTIONS: readonly OptionSpec[] = [
  { flags: "--step <DURATION>", summary: "grid (default: the trace's own; 5m for a log)" },
  { flags: "--time-zone <ZONE>", summary: "IANA zone of the daily rhythm (default: UTC)" },
  { flags: "--time-column <NAME>", summary: "column of the time" },
  { flags: "--value-column <NAME>", summary: "column of the demand" },
];

/** Looking: none of these changes anything. */
export const LOOKING_COMMANDS: readonly CommandSpec[] = [
  {
    name: "forecast",
    argument: {
      name: "[FILE]",
      summary: "CSV, access log or - for standard input (default: the configured source)",
    },
    summary: "forecast demand: quantiles for each step ahead, with the evidence behind them",
    options: [
      {
        flags: "--at <INSTANT>",
        summary: "as of then: -6h, 2026-01-31T12:00:00Z or local time (default: now)",
      },
      {
        flags: "--horizon <DURATION>",
        summary: "how far ahead (default: the configured horizons, 24h for FILE)",
      },
      { flags: "--levels <LIST>", summary: "quantile levels, comma-separated, e.g. 0.5,0.9,0.99" },
      { flags: "--events <FILE>", summary: "scheduled events: .csv, .json, .yaml or .ics" },
      {
        flags: "--parts <FILE>",
        summary: "CSV with a column for each part (segment, endpoint): forecasts that sum up",
      },
      {
        flags: "--resource <FILE>",
        summary: "CSV of a resource's use: learns it from demand, forecasts it too",
      },
      { flags: "--members <LIST>", summary: "members of the ensemble, comma-separated (default: all)" },
      { flags: "--explain", summary: "weights, coverage and failures of every member" },
      { flags: "--plot", summary: "draw history, median and intervals (default: on a terminal)" },
      { flags: "--no-plot", summary: "the table only" },
      { flags: "--last <DURATION>", summary: "learn from the last part only (default: 28d of Prometheus)" },
      ...TRACE_OPTIONS,
      ...PROMETHEUS_OPTIONS,
    ],
    printsCsv: true,
    example: "tiercast forecast demand.csv --horizon 24h --levels 0.5,0.9,0.99 -o csv",
    exitCodes: "0 done, 1 error, 2 bad input or configuration, 8 cancelled",
    load: async () => (await import("./forecast.ts")).runForecast,
  },
  {
    name: "plan",
    summary: "decide, preview the diff and check the policies; or plan capacity for months; changes nothing",
    options: [
      { flags: "--detailed-exitcode", summary: "0 no change, 2 changes, 1 any error" },
      { flags: "--require-engine", summary: "a missing engine is an error" },
      {
        flags: "--capacity <DURATION>",
        summary: "plan baseline, limits and commitments for 30d to 365d; no engine, no diff",
      },
      { flags: "--file <FILE>", summary: "CSV or access log to plan from (default: the configured source)" },
      { flags: "--commit-price <USD>", summary: "committed price of a unit-hour (default: the baseline's)" },
      { flags: "--commit-term <DURATION>", summary: "how long a commitment binds (default: 365d)" },
      { flags: "--unit-rps <RPS>", summary: "what a unit carries (default: the configured resources)" },
      { flags: "--events <FILE>", summary: "scheduled events with a lift: .csv, .json, .yaml or .ics" },
      { flags: "--write <FILE>", summary: "write the planned settings as YAML" },
      ...TRACE_OPTIONS,
    ],
    example: "tiercast plan --detailed-exitcode",
    exitCodes:
      "0 done, 1 error, 2 bad input or configuration, 4 engine failed, 5 policy violation, 8 cancelled, 9 timeout",
    load: async () => (await import("./plan.ts")).runPlan,
  },
  {
    name: "status",
    summary: "show what the daemon does, and whether it lives at all",
    example: "tiercast status",
    exitCodes: "0 shown (also for a dead daemon), 1 nothing to show, 2 bad configuration",
    load: async () => (await import("./status.ts")).runStatus,
  },
  {
    name: "explain",
    argument: { name: "[CYCLE]", summary: "number of the cycle (default: the last one)" },
    summary: "show what a cycle saw, believed, chose and did, and why",
    example: "tiercast explain 42",
    exitCodes: "0 shown, 1 no journal, 2 no such cycle",
    load: async () => (await import("./explain.ts")).runExplain,
  },
  {
    name: "why-not",
    argument: { name: "[CYCLE]", summary: "number of the cycle (default: the last one)" },
    summary: "say what spoke against another number of units, and what it would have cost",
    options: [{ flags: "--units <N>", summary: "the other number, in total" }],
    example: "tiercast why-not --units 12",
    exitCodes: "0 shown, 1 no journal, 2 no such cycle or number",
    load: async () => (await import("./why-not.ts")).runWhyNot,
  },
  {
    name: "tenants",
    summary: "show the accounts that services share: who wants, was granted and uses how many units",
    example: "tiercast tenants -o json",
    exitCodes: "0 shown, 1 no account or nothing to show, 2 bad configuration",
    load: async () => (await import("./tenants.ts")).runTenants,
  },
  {
    name: "models",
    summary: "show the ensemble's members: weights, scores, last fits, cost, and why one is out",
    example: "tiercast models",
    exitCodes: "0 shown, 1 nothing learned yet, 2 bad configuration",
    load: async () => (await import("./models.ts")).runModels,
  },
  {
    name: "replay",
    argument: { name: "CYCLE", summary: "number of the cycle" },
    summary: "recompute a cycle's decision from its record and compare",
    example: "tiercast replay 42",
    exitCodes: "0 the same bytes, 1 they differ, 2 no such cycle",
    load: async () => (await import("./replay.ts")).runReplay,
  },
  {
    name: "backtest",
    argument: {
      name: "[FILE]",
      summary: "CSV, access log or - for standard input (default: the configured source)",
    },
    summary: "forecast the past from fixed origins and score it against naive and seasonal naive",
    options: [
      { flags: "--horizons <LIST>", summary: "durations, comma-separated (default: 5m,1h,24h)" },
      {
        flags: "--origins <N-OR-FILE>",
        summary: "so many origins (default: 20), or a file with one ISO time of a last known row per line",
      },
      {
        flags: "--last <DURATION>",
        summary: "origins in the last part only, e.g. 30d; what is before is learned from",
      },
      { flags: "--from <INSTANT>", summary: "origins from then on: an ISO or local time, or -30d" },
      { flags: "--to <INSTANT>", summary: "nothing after that is looked at" },
      { flags: "--emit <FILE>", summary: "write every forecast: model, origin, target, level, value" },
      { flags: "--report <FILE>", summary: "write a page with plots: one file, no script" },
      { flags: "--per-level", summary: "pinball loss and share below for every quantile level" },
      { flags: "--events <FILE>", summary: "scheduled events: .csv, .json, .yaml or .ics" },
      { flags: "--members <LIST>", summary: "members of the ensemble, comma-separated (default: all)" },
      { flags: "--threads <N>", summary: "threads that fit (default: 1)" },
      ...TRACE_OPTIONS,
      ...PROMETHEUS_OPTIONS,
    ],
    printsCsv: true,
    example: "tiercast backtest demand.csv --horizons 5m,1h,24h --origins 20 --emit forecasts.csv",
    exitCodes: "0 done, 1 output cannot be written, 2 bad input, 8 cancelled",
    load: async () => (await import("./backtest.ts")).runBacktestCommand,
  },
  {
    name: "simulate",
    argument: {
      name: "[SOURCE]",
      summary: "CSV trace, access log, - for standard input, or prometheus:URL?query=...",
    },
    summary: "replay a trace through tiercast's decisions beside known autoscalers",
    options: [
      { flags: "--lead <DURATION>", summary: "request of a unit to ready (default: 5m, 10m on 5-min grids)" },
      {
        flags: "--policies <LIST>",
        summary:
          "of tiercast,perfect,hpa,aws-predictive,kedify,crane,phpa,oracle " +
          "(default: all; hpa and oracle always run)",
      },
      { flags: "--emit <DIR>", summary: "write POLICY@KNOB.csv: a row for each step, every policy and knob" },
      { flags: "--html <FILE>", summary: "write a report with plots: one file, no script" },
      { flags: "--last <DURATION>", summary: "only the last part of the trace, e.g. 14d" },
      { flags: "--lead-sigma <S>", summary: "spread of lead times: sigma of their logarithm (default: 0)" },
      {
        flags: "--fail-updates <SHARE>",
        summary: "share of the steps in which an update fails (default: 0)",
      },
      { flags: "--metric-delay <DURATION>", summary: "demand is seen so much later (default: 0)" },
      { flags: "--metric-loss <SHARE>", summary: "share of the samples that never arrive (default: 0)" },
      { flags: "--seed <N>", summary: "what goes wrong when, the same for all policies (default: 1)" },
      { flags: "--warm <N>", summary: "let tiercast hold a warm pool of at most N units (default: none)" },
      {
        flags: "--gate <RULE>",
        summary: "measured: the accuracy gate looks at each step; off: the forecast acts (default: off)",
        choices: ["measured", "off"],
      },
      { flags: "--refit <DURATION>", summary: "members get new parameters this often (default: 1d)" },
      { flags: "--threads <N>", summary: "threads that forecast (default: 1)" },
      ...TRACE_OPTIONS,
      ...PROMETHEUS_OPTIONS,
    ],
    example: "tiercast simulate demand.csv --lead 5m --html report.html --emit timelines",
    exitCodes: "0 done, 1 output cannot be written, 2 bad input, 8 cancelled",
    load: async () => (await import("./simulate.ts")).runSimulate,
  },
];

/** Stages that `once --stop-after` takes. */
export const STAGE_CHOICES: readonly string[] = STAGES;
