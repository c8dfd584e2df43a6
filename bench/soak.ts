/**
 * Memory and leftovers of a daemon that lives long: cycles on a simulated stack with real forecasts, then
 * real engine updates on the local platform.
 *
 *     node bench/soak.ts [--cycles 500] [--engine-updates 50] [--warm-up N] [--json FILE]
 *
 * 0 leaves a part out. `--warm-up` is for both parts; 600 cycles and 10 updates unless given. Linux only.
 */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openBackend } from "../src/apply/backend.ts";
import { lockFolder } from "../src/apply/locks.ts";
import { cacheFolder } from "../src/config.ts";
import { runCycle } from "../src/controller/cycle.ts";
import { loadState } from "../src/controller/state.ts";
import { wire } from "../src/wire.ts";
import { BENCH_STEP_MS, benchLog, benchSettings } from "./parts/bench-settings.ts";
import { countOption } from "./parts/count-option.ts";
import { type LiveStack, openLiveStack } from "./parts/live-stack.ts";
import { dailyDemand, madeDemand } from "./parts/made-demand.ts";
import { type Holdings, readHoldings } from "./parts/process-watch.ts";
import { type Check, finishReport, startReport } from "./parts/report.ts";
import { withScratch } from "./parts/scratch.ts";
import { simulatedStack } from "./parts/simulated-stack.ts";
import { meanOf } from "./parts/spread.ts";
import { steppedClock } from "./parts/stepped-clock.ts";

const FLAT_SHARE = 0.05;
const START_MS = Date.UTC(2026, 0, 5);
/** What a series has taught is kept for 7 days, 504 cycles of 20 minutes: only then has memory its size. */
const WARM_UP_CYCLES = 600;
/** Forecast workers are replaced every 200 jobs, so memory is a saw: the means of whole teeth are compared. */
const CYCLE_WINDOW = 200;
const WARM_UP_UPDATES = 10;
const UPDATE_WINDOW = 10;

const { values: args } = parseArgs({
  options: {
    cycles: { type: "string", default: "500" },
    "engine-updates": { type: "string", default: "50" },
    "warm-up": { type: "string" },
    json: { type: "string" },
  },
});
const cycles = countOption("cycles", args.cycles, 0);
const updates = countOption("engine-updates", args["engine-updates"], 0);
const warmUp = args["warm-up"] === undefined ? undefined : countOption("warm-up", args["warm-up"], 0);
const started = startReport("soak");
const parts: Part[] = [];
if (cycles > 0) parts.push(await withScratch((folder) => soakCycles(folder, cycles)));
if (updates > 0) parts.push(await withScratch((folder) => soakUpdates(folder, updates)));
finishReport(
  {
    ...started,
    header: ["after the warm-up", "first", "last", "change"],
    rows: parts.flatMap((part) => part.rows),
    checks: parts.flatMap((part) => part.checks),
    samples: parts.map(({ name, samples }) => ({ name, samples })),
  },
  args.json,
);

interface Part {
  readonly name: string;
  readonly rows: readonly (readonly string[])[];
  readonly checks: readonly Check[];
  readonly samples: readonly Holdings[];
}

/** Demand with a daily rhythm, so that sizes change; forecasts by all members, in their worker threads. */
async function soakCycles(folder: string, count: number): Promise<Part> {
  const clock = steppedClock(START_MS);
  const wired = await wire({
    settings: benchSettings(folder),
    environment: process.env,
    cacheFolder: cacheFolder(process.env),
    log: benchLog(),
    clock,
  });
  try {
    const { driver, platform } = simulatedStack();
    const demand = madeDemand(BENCH_STEP_MS, dailyDemand(150, 0.1));
    const made = { ...wired.parts, driver, platform, demand };
    const state = loadState(made);
    const samples: Holdings[] = [];
    const first = warmUp ?? WARM_UP_CYCLES;
    let applied = 0;
    for (let i = -first; i < count; i++) {
      clock.advance(BENCH_STEP_MS);
      const record = await runCycle(made, state, { signal: new AbortController().signal });
      if (record.error !== null) throw new Error(`cycle ${record.cycle}: ${record.error}`);
      if (i < 0) continue;
      if (record.apply?.kind === "applied") applied++;
      samples.push(readHoldings());
    }
    const name = `${count} cycles, ${applied} of them with an update, simulated stack`;
    return partOf(name, samples, CYCLE_WINDOW, []);
  } finally {
    await wired.close();
  }
}

/** This process is the daemon: each update is two engine runs in children of it. */
async function soakUpdates(folder: string, count: number): Promise<Part> {
  // A temp folder of its own: in the machine's nobody could tell whose a file is.
  const tempFolder = join(folder, "temp");
  mkdirSync(tempFolder);
  process.env["TMPDIR"] = tempFolder;
  const live = await openLiveStack(join(folder, "tiercast"));
  const leftOver: string[] = [];
  const samples: Holdings[] = [];
  try {
    const { children } = readHoldings();
    for (let i = -(warmUp ?? WARM_UP_UPDATES); i < count; i++) {
      const { wallMs } = await live.changingCycle();
      const holdings = readHoldings();
      if (i >= 0) samples.push(holdings);
      if (holdings.children !== children) leftOver.push(`${holdings.children - children} child processes`);
      leftOver.push(...(await leftInState(live)));
      console.error(
        `${i < 0 ? "warm-up" : `update ${i + 1}`}: ${Math.round(wallMs)} ms, ${holdings.ownMib.toFixed(1)} MiB, ` +
          `${leftOver.length} left over`,
      );
    }
    leftOver.push(...namesIn(tempFolder).map((name) => `temp file ${name}`));
    const checks: readonly Check[] = [
      {
        what: `children, run folders, temp files and locks left by ${count} updates`,
        measured: leftOver.length === 0 ? "none" : [...new Set(leftOver)].slice(0, 3).join("; "),
        bar: "none",
        met: leftOver.length === 0,
      },
    ];
    return partOf(`${count} real updates, ${2 * count} engine runs`, samples, UPDATE_WINDOW, checks);
  } finally {
    await live.close();
  }
}

async function leftInState({ settings }: LiveStack): Promise<readonly string[]> {
  const { pulumi, state } = settings;
  const backendUrl = await openBackend(pulumi.backend, state.folder);
  const locks = lockFolder(backendUrl, pulumi.project, pulumi.tierStack);
  return [
    ...namesIn(join(state.folder, "runs")).map((name) => `run folder ${name}`),
    ...namesIn(locks).map((name) => `lock ${name}`),
    ...namesIn(fileURLToPath(backendUrl))
      .filter((name) => name !== ".pulumi")
      .map((name) => `in the backend ${name}`),
  ];
}

function namesIn(folder: string | undefined): readonly string[] {
  if (folder === undefined) return [];
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function partOf(
  name: string,
  samples: readonly Holdings[],
  mostWindow: number,
  checks: readonly Check[],
): Part {
  const window = Math.min(mostWindow, Math.ceil(samples.length / 2));
  const begin = samples.slice(0, window);
  const end = samples.slice(-window);
  const row = (what: string, value: (holdings: Holdings) => number, digits: number) => {
    const [first, last] = [meanOf(begin.map(value)), meanOf(end.map(value))];
    return [what, first.toFixed(digits), last.toFixed(digits), signed(last / first - 1)];
  };
  const own = (holdings: Holdings) => holdings.ownMib;
  const change = meanOf(end.map(own)) / meanOf(begin.map(own)) - 1;
  return {
    name,
    rows: [
      [`${name}: mean of the first and of the last ${window}`, "", "", ""],
      row("own memory (anonymous resident), MiB", own, 1),
      row("resident memory with mapped files, MiB", (holdings) => holdings.residentMib, 1),
      row("live heap of the main thread, MiB", (holdings) => holdings.heapMib, 1),
      row("open files", (holdings) => holdings.openFiles, 0),
      row("handles", (holdings) => holdings.handles, 0),
      row("child processes", (holdings) => holdings.children, 0),
    ],
    checks: [
      ...checks,
      {
        what: `memory over ${name}`,
        measured: signed(change),
        bar: "± 5 %",
        met: Math.abs(change) <= FLAT_SHARE,
      },
    ],
    samples,
  };
}

function signed(share: number): string {
  if (!Number.isFinite(share)) return "";
  return `${share < 0 ? "-" : "+"}${(Math.abs(share) * 100).toFixed(1)} %`;
}
