/**
 * A cycle that changes sizes (preview with policies, update with policies, and all around them) beside the
 * same program run as a project by the bare CLI, turn by turn in one run on one machine.
 *
 *     node bench/engine-cycle.ts [--pairs 10] [--warm-up 2] [--cli-compile-cache] [--json FILE]
 *
 * `--cli-compile-cache` gives the CLI's Node programs the compile cache that tiercast gives its own.
 */
import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { findEngine } from "../src/apply/engine.ts";
import { pinPack } from "../src/apply/policy-pack.ts";
import { writeShims } from "../src/apply/shims.ts";
import { cacheFolder } from "../src/config.ts";
import { UserError } from "../src/model/user-error.ts";
import { localBaseInputs } from "../src/render/base-inputs.ts";
import { shippedPack } from "../src/wire.ts";
import { type BareProject, openBareProject } from "./parts/bare-project.ts";
import { countOption } from "./parts/count-option.ts";
import { type LiveStack, openLiveStack } from "./parts/live-stack.ts";
import { finishReport, startReport } from "./parts/report.ts";
import { withScratch } from "./parts/scratch.ts";
import { medianOf, spreadOf } from "./parts/spread.ts";

const MOST_RATIO = 1.15;
const MOST_ENGINE_RUNS = 2;
/** Units that start or drain after an update take CPU that the next measurement should not miss. */
const SETTLE_MS = 1_500;

interface Pair {
  readonly cycleMs: number;
  readonly engineMs: readonly number[];
  readonly barePreviewMs: number;
  readonly bareUpdateMs: number;
  readonly loadAverage: number;
}

const { values: args } = parseArgs({
  options: {
    pairs: { type: "string", default: "10" },
    "warm-up": { type: "string", default: "2" },
    "cli-compile-cache": { type: "boolean", default: false },
    json: { type: "string" },
  },
});
const pairs = countOption("pairs", args.pairs);
const warmUp = countOption("warm-up", args["warm-up"], 0);
const started = startReport("engine-cycle");
const samples = await withScratch(async (folder) => {
  const live = await openLiveStack(join(folder, "tiercast"));
  try {
    const bare = await openBare(live, join(folder, "bare"));
    try {
      return await measure(live, bare);
    } finally {
      await bare.close();
    }
  } finally {
    await live.close();
  }
});
finishReport({ ...started, ...table(samples) }, args.json);

async function openBare(live: LiveStack, folder: string): Promise<BareProject> {
  const { wired, settings } = live;
  const environment = process.env;
  const engine = await findEngine({
    cacheFolder: cacheFolder(environment),
    pathVariable: environment["PATH"] ?? "",
    environment,
  });
  if (engine?.languageHostFolder === undefined) {
    throw new UserError("the CLI alone needs a language host: run `tiercast engine install` first");
  }
  const shims = await writeShims({
    folder: wired.files.shims,
    pulumiPath: engine.pulumiPath,
    nodePath: process.execPath,
  });
  const packFolder = settings.policies.pack ?? shippedPack();
  const pack = await pinPack(packFolder, settings.policies.limits);
  const { endpointFile, supervisorLog: logFile } = wired.files;
  return openBareProject({
    folder,
    pulumiPath: engine.pulumiPath,
    binFolder: shims.binFolder,
    packFolder,
    packConfig: pack.config,
    base: localBaseInputs(settings, { endpointFile, logFile }),
    ...(args["cli-compile-cache"] ? { compileCacheFolder: join(cacheFolder(environment), "compile") } : {}),
  });
}

/** The CLI gets the very inputs of our cycle before it, so that both do the same work. */
async function measure(live: LiveStack, bare: BareProject): Promise<readonly Pair[]> {
  const found: Pair[] = [];
  for (let i = 0; i < warmUp + pairs; i++) {
    await delay(SETTLE_MS);
    const loadAverage = loadavg()[0] ?? 0;
    const { record, wallMs, engineMs } = await live.changingCycle();
    if (record.stackInputs === null) throw new Error("a cycle that was applied has stack inputs");
    await delay(SETTLE_MS);
    const barePreviewMs = await bare.preview(record.stackInputs);
    const bareUpdateMs = await bare.update(record.stackInputs);
    const pair = { cycleMs: wallMs, engineMs, barePreviewMs, bareUpdateMs, loadAverage };
    if (i >= warmUp) found.push(pair);
    console.error(
      `${i < warmUp ? "warm-up" : `pair ${i - warmUp + 1}`}: tiercast ${Math.round(wallMs)} ms ` +
        `(${engineMs.map(Math.round).join(" + ")}), CLI ${Math.round(barePreviewMs + bareUpdateMs)} ms ` +
        `(${Math.round(barePreviewMs)} + ${Math.round(bareUpdateMs)}), load ${loadAverage.toFixed(2)}`,
    );
  }
  return found;
}

function table(found: readonly Pair[]) {
  const row = (name: string, value: (pair: Pair) => number): readonly string[] => {
    const { median, lower, upper, min, max } = spreadOf(found.map(value));
    return [name, ...[median, lower, upper, min, max].map((ms) => ms.toFixed(0))];
  };
  const bareMs = (pair: Pair) => pair.barePreviewMs + pair.bareUpdateMs;
  const ratio = medianOf(found.map((pair) => pair.cycleMs)) / medianOf(found.map(bareMs));
  const runs = Math.max(...found.map((pair) => pair.engineMs.length));
  const rows = [
    row("tiercast: preview", (pair) => pair.engineMs[0] ?? 0),
    row("tiercast: update", (pair) => pair.engineMs[1] ?? 0),
    row("tiercast: all the rest", ({ cycleMs, engineMs }) => cycleMs - engineMs.reduce((a, b) => a + b, 0)),
    row("tiercast: whole cycle", (pair) => pair.cycleMs),
    row("CLI: preview", (pair) => pair.barePreviewMs),
    row("CLI: up --skip-preview", (pair) => pair.bareUpdateMs),
    row("CLI: both", bareMs),
  ];
  return {
    header: ["wall ms", "median", "lower quartile", "upper quartile", "best", "worst"],
    rows,
    checks: [
      {
        what: "engine runs a cycle, most",
        measured: String(runs),
        bar: `<= ${MOST_ENGINE_RUNS}`,
        met: runs <= MOST_ENGINE_RUNS,
      },
      {
        what: "whole cycle over the CLI, medians",
        measured: ratio.toFixed(2),
        bar: `<= ${MOST_RATIO}`,
        met: ratio <= MOST_RATIO,
      },
    ],
    samples: found,
  };
}
