/**
 * From `npm start` to the first applied decision, on a machine where it has run before.
 *
 *     node bench/second-start.ts [--runs 5] [--json FILE]
 *
 * Engine, compiled modules and trace come from the user's cache; state is a folder of the run's own, so that
 * a demo that runs elsewhere is not disturbed.
 */
import { spawn } from "node:child_process";
import { loadavg } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { countOption } from "./parts/count-option.ts";
import { finishReport, startReport } from "./parts/report.ts";
import { withScratch } from "./parts/scratch.ts";
import { spreadOf } from "./parts/spread.ts";

const BAR_MS = 20_000;
const DEADLINE_MS = 300_000;
/** As `plainLine` words a cycle that applied its decision. */
const APPLIED = /\bcycle \d+ applied:/;

interface Start {
  readonly firstAppliedMs: number;
  /** To the end of the process: ten seconds of replay and the tidying up after it. */
  readonly wholeMs: number;
  readonly line: string;
  readonly loadAverage: number;
}

const { values: args } = parseArgs({
  options: { runs: { type: "string", default: "5" }, json: { type: "string" } },
});
const runs = countOption("runs", args.runs);
const root = join(import.meta.dirname, "..");
const started = startReport("second-start");
const samples = await withScratch(async (folder) => {
  // The first start fills the caches where they are empty; it is shown and not counted.
  console.error(`warm-up: ${startText(await startOnce(join(folder, "first")))}`);
  const found: Start[] = [];
  for (let i = 0; i < runs; i++) {
    const start = await startOnce(join(folder, `run-${i}`));
    found.push(start);
    console.error(`run ${i + 1}: ${startText(start)}`);
  }
  return found;
});
finishReport({ ...started, ...table(samples) }, args.json);

/** Throws when no decision was applied, or when the demo did not end well. */
async function startOnce(stateFolder: string): Promise<Start> {
  const beganMs = performance.now();
  const loadAverage = loadavg()[0] ?? 0;
  const child = spawn("npm", ["start", "--", "--plain", "--for", "10s"], {
    cwd: root,
    env: { ...process.env, TIERCAST_STATE_FOLDER: stateFolder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const timer = setTimeout(() => child.kill("SIGINT"), DEADLINE_MS);
  let first: { readonly atMs: number; readonly line: string } | undefined;
  const tail: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      tail.push(line);
      if (first === undefined && APPLIED.test(line)) first = { atMs: performance.now(), line };
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  clearTimeout(timer);
  if (code !== 0 || first === undefined) {
    throw new Error(`npm start ended with ${code}:\n${tail.slice(-15).join("\n")}`);
  }
  return {
    firstAppliedMs: first.atMs - beganMs,
    wholeMs: performance.now() - beganMs,
    line: first.line,
    loadAverage,
  };
}

function startText({ firstAppliedMs, wholeMs, loadAverage }: Start): string {
  const load = loadAverage.toFixed(2);
  return `first applied after ${seconds(firstAppliedMs)} s, whole ${seconds(wholeMs)} s, load ${load}`;
}

function table(found: readonly Start[]) {
  const row = (name: string, value: (start: Start) => number): readonly string[] => {
    const { median, min, max } = spreadOf(found.map(value));
    return [name, ...[median, min, max].map(seconds)];
  };
  const worstMs = spreadOf(found.map((start) => start.firstAppliedMs)).max;
  return {
    header: ["wall seconds", "median", "best", "worst"],
    rows: [
      row("to the first applied decision", (start) => start.firstAppliedMs),
      row("whole run with --for 10s", (start) => start.wholeMs),
    ],
    checks: [
      {
        what: "first applied decision, worst",
        measured: `${seconds(worstMs)} s`,
        bar: `< ${BAR_MS / 1000} s`,
        met: worstMs < BAR_MS,
      },
    ],
    samples: found,
  };
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
