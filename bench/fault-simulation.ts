/**
 * Nights of random faults around the shipped daemon, each decided by its seed.
 *
 *     node bench/fault-simulation.ts [--seeds 10000] [--from 1] [--for 7d] [--threads 2] [--progress FILE]
 *     node bench/fault-simulation.ts --seed 17 [--for 6h]
 *
 * With `--seed` the one night is told cycle by cycle: what was observed, decided and done, which fault struck, which
 * promise broke. With `--progress` finished seeds are kept in FILE, a line each, and a later call goes on from there.
 * Ends with 1 when a promise was broken.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { HOUR_MS, parseDuration } from "../src/model/time.ts";
import { UserError } from "../src/model/user-error.ts";
import { FAULTS } from "../src/simulate/faults/catalogue.ts";
import { type NightReport, simulateNight } from "../src/simulate/faults/night.ts";
import { PLACES } from "../src/simulate/simulated-process.ts";
import { countOption } from "./parts/count-option.ts";
import { openNightDisk } from "./parts/night-disk.ts";

type Line = Pick<NightReport, "seed" | "broken" | "cycles" | "simulatedMs" | "digest"> & {
  readonly met: Readonly<Record<string, number>>;
};

const TELL_EVERY_MS = 10_000;

if (isMainThread) await main();
else await work();

async function main(): Promise<void> {
  const { values: args } = parseArgs({
    options: {
      seeds: { type: "string", default: "10000" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      for: { type: "string" },
      threads: { type: "string", default: "2" },
      progress: { type: "string" },
    },
  });
  const forText = args.for ?? (args.seed === undefined ? "7d" : "6h");
  const forMs = parseDuration(forText);
  if (forMs === undefined) throw new UserError(`--for: ${forText} is no duration: say 6h or 7d`);
  if (args.seed !== undefined) return tell(countOption("seed", args.seed, 0), forMs);
  const from = countOption("from", args.from, 0);
  const seeds = countOption("seeds", args.seeds);
  const known = knownLines(args.progress);
  const open = Array.from({ length: seeds }, (_, i) => from + i).filter((seed) => !known.has(seed));
  const lines = [...known.values()].filter(({ seed }) => seed >= from && seed < from + seeds);
  if (lines.length > 0) console.log(`${lines.length} of ${seeds} seeds are known from ${args.progress}`);
  const summary = startSummary(seeds, forText, lines);
  await runAll(open, forMs, countOption("threads", args.threads), (line) => {
    if (args.progress !== undefined) appendFileSync(args.progress, `${JSON.stringify(line)}\n`);
    summary.take(line);
  });
  summary.finish();
}

/** One night, every line of its log. */
async function tell(seed: number, forMs: number): Promise<void> {
  const report = await simulateNight({
    seed,
    forMs,
    openDisk: openNightDisk,
    onLine: (line) => console.log(line),
  });
  console.log(
    `\nnight ${seed}: ${report.cycles} cycles, ${report.faults.length} faults, log ${report.digest}`,
  );
  for (const line of report.broken) console.log(`broken: ${line}`);
  if (report.broken.length === 0) console.log("no promise was broken");
  else process.exitCode = 1;
}

function knownLines(file: string | undefined): Map<number, Line> {
  if (file === undefined || !existsSync(file)) return new Map();
  const lines = readFileSync(file, "utf8").split("\n");
  // The last line may be half a line: its night is run again.
  const whole = lines.slice(0, -1).map((line) => JSON.parse(line) as Line);
  return new Map(whole.map((line) => [line.seed, line]));
}

interface Summary {
  take(line: Line): void;
  finish(): void;
}

function startSummary(seeds: number, forText: string, known: readonly Line[]): Summary {
  const startedMs = performance.now();
  const met = new Map<string, number>();
  const sum = { done: 0, fresh: 0, cycles: 0, simulatedMs: 0, toldMs: startedMs };
  const failing: Line[] = [];
  const count = (line: Line): void => {
    sum.done += 1;
    for (const [name, times] of Object.entries(line.met)) met.set(name, (met.get(name) ?? 0) + times);
    if (line.broken.length > 0) failing.push(line);
  };
  for (const line of known) count(line);
  const speed = (): string => {
    const seconds = (performance.now() - startedMs) / 1000;
    const hours = sum.simulatedMs / HOUR_MS;
    return `${(sum.fresh / seconds).toFixed(2)} seeds/s, ${(hours / seconds).toFixed(0)} simulated hours per second`;
  };
  return {
    take: (line) => {
      count(line);
      sum.fresh += 1;
      sum.cycles += line.cycles;
      sum.simulatedMs += line.simulatedMs;
      if (line.broken.length > 0) {
        console.log(`seed ${line.seed}: ${line.broken[0]}`);
        console.log(`  its story: node bench/fault-simulation.ts --seed ${line.seed} --for ${forText}`);
      }
      if (performance.now() - sum.toldMs < TELL_EVERY_MS) return;
      sum.toldMs = performance.now();
      console.log(`${sum.done} of ${seeds} seeds, ${failing.length} failing, ${speed()}`);
    },
    finish: () => {
      const rarest = FAULTS.map((fault) => ({ fault, times: met.get(fault) ?? 0 })).sort(
        (a, b) => a.times - b.times,
      )[0];
      const pairs = FAULTS.flatMap((fault) => PLACES.map((place) => `${fault} at ${place}`));
      const pairCounts = pairs.map((pair) => met.get(pair) ?? 0);
      console.log(
        `${sum.done} seeds of ${forText}: ${failing.length} failing; ${sum.cycles} cycles; ${speed()}`,
      );
      console.log(`${FAULTS.length} faults, the rarest ${rarest?.fault} ${rarest?.times} times`);
      console.log(`${pairs.length} pairs of fault and place, the rarest ${Math.min(...pairCounts)} times`);
      if (failing.length > 0) process.exitCode = 1;
    },
  };
}

/** Each thread asks for the next seed when it is done with one. */
async function runAll(
  seeds: readonly number[],
  forMs: number,
  threads: number,
  take: (line: Line) => void,
): Promise<void> {
  const left = [...seeds].reverse();
  const ended = Array.from({ length: Math.min(threads, seeds.length) }, () => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { forMs } });
    return new Promise<void>((resolve, reject) => {
      const next = (): void => worker.postMessage(left.pop() ?? null);
      worker.on("error", reject);
      worker.on("exit", () => resolve());
      worker.on("message", (line: Line) => {
        take(line);
        next();
      });
      next();
    });
  });
  await Promise.all(ended);
}

async function work(): Promise<void> {
  const port = parentPort;
  const { forMs } = workerData as { readonly forMs: number };
  port?.on("message", async (seed: number | null) => {
    if (seed === null) {
      port.close();
      return;
    }
    const report = await simulateNight({ seed, forMs, openDisk: openNightDisk });
    const { broken, cycles, simulatedMs, digest } = report;
    port.postMessage({ seed, broken, cycles, simulatedMs, digest, met: countsOf(report) } satisfies Line);
  });
}

function countsOf({ faults }: NightReport): Record<string, number> {
  const met: Record<string, number> = {};
  for (const { fault, place } of faults)
    for (const name of [fault, `${fault} at ${place}`]) met[name] = (met[name] ?? 0) + 1;
  return met;
}
