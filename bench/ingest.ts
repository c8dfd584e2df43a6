/**
 * Access-log lines to events on one core: lines per second of CPU time, and memory over the stream. Lines are
 * made from a seed as they are needed: combined format, a million users most of whom come seldom, ids in
 * paths, 1 % out of order, 0.5 % hostile.
 *
 *     node bench/ingest.ts [--gigabytes N] [--seed N] [--json FILE]
 *
 * Making lines is not counted: CPU time is taken around the ingest alone.
 */
import { parseArgs } from "node:util";
import { durationMs } from "../src/model/time.ts";
import { createIngest } from "../src/observe/activity/ingest.ts";
import { createLineParser } from "../src/observe/activity/line-parser.ts";
import { createLineSplitter } from "../src/observe/activity/line-splitter.ts";
import { createPseudonyms } from "../src/observe/activity/pseudonym.ts";
import { createLineMaker, createSeededRandom } from "./parts/made-lines.ts";
import { finishReport, startReport } from "./parts/report.ts";

const { values: args } = parseArgs({
  options: {
    gigabytes: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    json: { type: "string" },
  },
});
const started = startReport("ingest");
const TARGET_LINES_PER_S = 150_000;
/** Growth of memory over the last three quarters of the stream that is taken for flat. */
const FLAT_MIB = 64;
const CHUNK_BYTES = 1 << 18;
/** Chunks made before they are read, as asking for CPU time costs some itself. */
const CHUNKS = 32;
const totalBytes = Number(args.gigabytes) * 1e9;

let events = 0;
const ingest = createIngest({
  settings: {
    identify: { by: ["address-agent"], cookie: undefined },
    privacy: {
      keyFile: undefined,
      keyEnv: undefined,
      rotateMs: durationMs(1e12),
      overlapMs: durationMs(1e12),
      k: 5,
      consentValues: [],
      withoutConsent: "pseudonymous",
    },
    hosts: [],
    reorderMs: durationMs(30_000),
    maxEndpoints: 2000,
  },
  pseudonyms: createPseudonyms([Buffer.alloc(32, Number(args.seed))]),
  onEvent: () => {
    events++;
  },
});
const parse = createLineParser("auto");
const splitter = createLineSplitter({
  maxLineBytes: 64 * 1024,
  onLine: (bytes, from, to) => ingest.takeLine(parse, bytes, from, to, false),
  onBad: (why) => ingest.reject(why),
});
const fill = createLineMaker(createSeededRandom(Number(args.seed)));
const chunks = Array.from({ length: CHUNKS }, () => Buffer.alloc(CHUNK_BYTES));
const samples: { readonly gigabytes: number; readonly rssMib: number; readonly linesPerCpuS: number }[] = [];
let bytes = 0;
let cpuUs = 0;
let nextSample = totalBytes / 20;
let before = { lines: 0, cpuUs: 0 };
while (bytes < totalBytes) {
  const filled = chunks.map((chunk) => chunk.subarray(0, fill(chunk)));
  const start = process.cpuUsage();
  for (const chunk of filled) splitter.take(chunk);
  const used = process.cpuUsage(start);
  cpuUs += used.user + used.system;
  bytes += filled.reduce((sum, { length }) => sum + length, 0);
  if (bytes < nextSample) continue;
  const { lines } = ingest.counts();
  const linesPerCpuS = Math.round((1e6 * (lines - before.lines)) / (cpuUs - before.cpuUs));
  samples.push({
    gigabytes: bytes / 1e9,
    rssMib: Math.round(process.memoryUsage.rss() / 2 ** 20),
    linesPerCpuS,
  });
  before = { lines, cpuUs };
  nextSample += totalBytes / 20;
}
splitter.end();
ingest.flush();

const counts = ingest.counts();
const perSecond = Math.round((1e6 * counts.lines) / cpuUs);
const rss = samples.map(({ rssMib }) => rssMib);
const settled = rss.slice(Math.floor(rss.length / 4));
const growthMib = (settled.at(-1) ?? 0) - (settled[0] ?? 0);
const refused = Object.entries(counts.rejected).filter(([, count]) => count > 0);
finishReport(
  {
    ...started,
    header: ["figure", "value"],
    rows: [
      ["read", `${(bytes / 1e9).toFixed(2)} GB in ${counts.lines} lines`],
      ["CPU time of the ingest", `${(cpuUs / 1e6).toFixed(1)} s`],
      ["memory, from a quarter of the stream on", `${Math.min(...settled)} to ${Math.max(...settled)} MiB`],
      ["events", `${events}, reordered ${counts.reordered}, hurried ${counts.hurried}`],
      ["rejected", refused.map(([why, count]) => `${why} ${count}`).join(", ")],
    ],
    checks: [
      {
        what: "combined lines/s on one core",
        measured: String(perSecond),
        bar: `at least ${TARGET_LINES_PER_S}`,
        met: perSecond >= TARGET_LINES_PER_S,
      },
      {
        what: "growth of memory over the last three quarters",
        measured: `${growthMib} MiB`,
        bar: `at most ${FLAT_MIB} MiB`,
        met: growthMib <= FLAT_MIB,
      },
    ],
    samples,
  },
  args.json,
);
