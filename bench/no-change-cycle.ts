/**
 * What a cycle costs that changes nothing: real journal, real forecast, simulated stack.
 *
 *     node bench/no-change-cycle.ts [--cycles 200] [--json FILE]
 */
import { parseArgs } from "node:util";
import { cacheFolder } from "../src/config.ts";
import { runCycle } from "../src/controller/cycle.ts";
import type { ControllerParts } from "../src/controller/parts.ts";
import { type ControllerState, loadState } from "../src/controller/state.ts";
import { type CycleRecord, STAGES } from "../src/model/cycle.ts";
import { DAY_MS, durationMs } from "../src/model/time.ts";
import { wire } from "../src/wire.ts";
import { BENCH_STEP_MS, benchLog, benchSettings } from "./parts/bench-settings.ts";
import { countOption } from "./parts/count-option.ts";
import { madeDemand } from "./parts/made-demand.ts";
import { finishReport, startReport } from "./parts/report.ts";
import { withScratch } from "./parts/scratch.ts";
import { type SimulatedStack, simulatedStack } from "./parts/simulated-stack.ts";
import { spreadOf } from "./parts/spread.ts";
import { type SteppedClock, steppedClock } from "./parts/stepped-clock.ts";

const BAR_MS = 250;
const START_MS = Date.UTC(2026, 0, 5);
/** Sizes settle before anything is measured: so many cycles without a change in a row. */
const SETTLED_CYCLES = 5;
const LONGEST_SETTLING = 100;

interface Sample {
  readonly wallMs: number;
  readonly stageMs: CycleRecord["stageMs"];
}

const { values: args } = parseArgs({
  options: { cycles: { type: "string", default: "200" }, json: { type: "string" } },
});
const count = countOption("cycles", args.cycles);
const started = startReport("no-change-cycle");
const measured = await withScratch(measure);
finishReport({ ...started, ...table(measured.samples, measured.engineRuns) }, args.json);

async function measure(folder: string) {
  const clock = steppedClock(START_MS);
  const settings = benchSettings(folder);
  const wired = await wire({
    // The daily review of the baseline is a change, and belongs to another bench.
    settings: { ...settings, sizing: { ...settings.sizing, baselineReviewMs: durationMs(365 * DAY_MS) } },
    environment: process.env,
    cacheFolder: cacheFolder(process.env),
    log: benchLog(),
    clock,
  });
  try {
    const stack = simulatedStack();
    const { driver, platform } = stack;
    const parts = { ...wired.parts, driver, platform, demand: madeDemand(BENCH_STEP_MS, () => 100) };
    const state = loadState(parts);
    await settle(parts, state, clock);
    const before = stack.engineRuns();
    const samples: Sample[] = [];
    for (let i = 0; i < count; i++) samples.push(await sample(parts, state, clock));
    return { samples, engineRuns: enginesUsed(stack, before) };
  } finally {
    await wired.close();
  }
}

function enginesUsed(stack: SimulatedStack, before: number): number {
  return stack.engineRuns() - before;
}

async function settle(parts: ControllerParts, state: ControllerState, clock: SteppedClock): Promise<void> {
  const signal = new AbortController().signal;
  let calm = 0;
  for (let i = 0; i < LONGEST_SETTLING && calm < SETTLED_CYCLES; i++) {
    clock.advance(BENCH_STEP_MS);
    const record = await runCycle(parts, state, { signal });
    calm = record.apply?.kind === "no-change" ? calm + 1 : 0;
  }
  if (calm < SETTLED_CYCLES) throw new Error(`sizes did not settle in ${LONGEST_SETTLING} cycles`);
}

/** One cycle a grid step, as the daemon runs them: each sees a new step, so each forecasts anew. */
async function sample(parts: ControllerParts, state: ControllerState, clock: SteppedClock): Promise<Sample> {
  clock.advance(BENCH_STEP_MS);
  const beganMs = performance.now();
  const record = await runCycle(parts, state, { signal: new AbortController().signal });
  const wallMs = performance.now() - beganMs;
  if (record.apply?.kind !== "no-change") {
    throw new Error(`cycle ${record.cycle} was to change nothing: ${JSON.stringify(record.apply)}`);
  }
  return { wallMs, stageMs: record.stageMs };
}

function table(samples: readonly Sample[], engineRuns: number) {
  const apart = samples.map(({ wallMs, stageMs }) => wallMs - (stageMs.forecast ?? 0));
  const row = (name: string, values: readonly number[]): readonly string[] => {
    const { median, upper, max } = spreadOf(values);
    return [name, ...[median, upper, max].map((value) => value.toFixed(1))];
  };
  const stages = STAGES.filter((stage) => samples.some(({ stageMs }) => stageMs[stage] !== undefined));
  const rows = [
    ...stages.map((stage) =>
      row(
        stage,
        samples.map(({ stageMs }) => stageMs[stage] ?? 0),
      ),
    ),
    row(
      "whole cycle",
      samples.map(({ wallMs }) => wallMs),
    ),
    row("whole cycle apart from fitting", apart),
  ];
  const worst = spreadOf(apart);
  return {
    header: ["stage, ms", "median", "upper quartile", "worst"],
    rows,
    checks: [
      {
        what: `engine runs in ${samples.length} cycles`,
        measured: String(engineRuns),
        bar: "0",
        met: engineRuns === 0,
      },
      {
        what: "cycle apart from fitting, worst",
        measured: `${worst.max.toFixed(1)} ms`,
        bar: `< ${BAR_MS} ms`,
        met: worst.max < BAR_MS,
      },
    ],
    samples,
  };
}
