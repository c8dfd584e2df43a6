/**
 * Behaviour from logs: `node bench/profile.ts PATH...`. Access logs as `tiercast profile` reads them; also CSV of
 * sessions
 * (`session_id,sequence` and `timestamp,session,user_id,host,step,request`). Prints navigation accuracy on held-out
 * sessions, bots against labels, latency, clusters, CPU time and memory. `--users N` feeds N synthetic users instead.
 */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { readLogs } from "../src/cli/profile-read.ts";
import type { ActivityEvent } from "../src/model/activity.ts";
import {
  BEHAVIOUR_SETTINGS,
  type Behaviour,
  endActivity,
  newBehaviour,
  takeActivity,
} from "../src/profile/behaviour.ts";
import { type BehaviourReport, behaviourReport } from "../src/profile/behaviour-report.ts";
import { allProfiles } from "../src/profile/profiles.ts";
import { botView, scoreBots } from "../src/profile/segment/bots.ts";
import { hash32, seededDraws } from "../src/profile/sketch/hash.ts";

const REPORT = { sequenceModel: true, leastSessions: 5, prefetchBytes: 1e7, horizonMs: 300_000 };

function event(user: string, atMs: number, endpoint: string): ActivityEvent {
  const unknown = { responseMs: undefined, databaseMs: undefined, referrer: undefined, sla: undefined };
  const agent = { device: "unknown", agent: "unknown", region: undefined } as const;
  return { user, atMs, endpoint, method: "GET", status: 200, bytes: undefined, ...unknown, ...agent };
}

function csvEvents(text: string): readonly ActivityEvent[] {
  const [head = "", ...lines] = text.trim().split("\n");
  const cells = lines.map((line) => line.split(","));
  if (head.startsWith("session_id,"))
    return cells.flatMap(([id = "", sequence = ""], i) =>
      sequence.split(" ").map((name, j) => event(id, i * 3_600_000 + j * 1_000, `/${name}`)),
    );
  return cells
    .map(([time = "", , user = "", , , request = ""]) =>
      event(user, Date.parse(time), request.split("?")[0] ?? ""),
    )
    .sort((a, b) => a.atMs - b.atMs);
}

async function feed(path: string, state: Behaviour): Promise<void> {
  if (!/\.csv(?:\.gz)?$/.test(path)) {
    const { signal } = new AbortController();
    await readLogs({
      paths: [path],
      format: "auto",
      signal,
      onEvent: (one) => void takeActivity(state, one),
    });
    return;
  }
  const bytes = await readFile(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  for (const one of csvEvents(text)) takeActivity(state, one);
}

const percent = (share: number | undefined): string =>
  share === undefined || Number.isNaN(share) ? "-" : `${(100 * share).toFixed(1)} %`;

function showNext({ navigation }: BehaviourReport): void {
  for (const [title, list] of [
    ["steps", navigation.accuracy],
    ["repeats taken as one", navigation.accuracyWithoutRepeats],
  ] as const)
    for (const { name, sessions, steps, top1, top3, top3Gain, top3GainError } of list)
      console.log(
        `  ${title}: ${name.padEnd(12)} top-1 ${percent(top1)}  top-3 ${percent(top3)}  against first-order ` +
          `${percent(top3Gain)} +- ${percent(top3GainError)}  (${steps} steps of ${sessions} held-out sessions)`,
      );
  console.log(
    `  sequence model: ${navigation.sequenceModel}; learned sessions ${navigation.learnedSessions}`,
  );
  const { expected } = navigation;
  if (expected !== undefined)
    console.log(
      `  requests per endpoint in 5 min, WAPE: chain ${percent(expected.chain)}, persistence ` +
        `${percent(expected.persistence)}, last hour ${percent(expected.lastHour)} (${expected.requests} requests)`,
    );
}

function show(report: BehaviourReport, state: Behaviour): void {
  const { segments, latency, prefetch, security } = report;
  console.log(
    `${report.requests} requests, ${report.users.count} users, ${report.sessions.count} sessions ` +
      `(${report.sessions.stepsMean.toFixed(2)} steps), late ${report.sessions.lateEvents}`,
  );
  showNext(report);
  for (const { segment, users, share, requestShare } of segments)
    console.log(`  ${segment}: ${users} users (${percent(share)}), ${percent(requestShare)} of requests`);
  showBots(state);
  showClusters(report);
  console.log(`  latency: ${latency.kind === "threshold" ? `${latency.thresholdMs} ms` : latency.reason}`);
  console.log(`  prefetch: ${prefetch.items.length} items, ${prefetch.expectedHits.toFixed(1)} hits/h`);
  for (const { steps, sessions } of report.workflows.slice(0, 3))
    console.log(`  workflow ${sessions}: ${steps.join(" > ")}`);
  for (const { first, second, confidence, lift } of report.associations.slice(0, 3))
    console.log(
      `  together ${first} + ${second}: confidence ${percent(confidence)}, lift ${lift.toFixed(1)}`,
    );
  console.log(`  security: ${JSON.stringify(security.byKind)}, ${security.signals.length} signals`);
}

function showBots(state: Behaviour): void {
  const profiles = allProfiles(state.profiles);
  const view = botView(profiles);
  for (const least of [3, 10])
    for (const half of [0, 1]) {
      const part = profiles.filter(({ user }) => (hash32(user, 23) & 1) === half);
      const score = scoreBots(part, view, least);
      console.log(
        `  bots, ${least}+ requests, ${half === 0 ? "one half" : "the other half"}: precision ` +
          `${percent(score.precision)}, recall ${percent(score.recall)} (${score.labelled} of ${score.users} labelled)`,
      );
    }
}

function showClusters({ clustering }: BehaviourReport): void {
  if (clustering !== undefined) {
    const { clusters, silhouette, stability, density } = clustering;
    console.log(`  clusters: silhouette ${silhouette.toFixed(2)}, stability ${stability.toFixed(2)}`);
    for (const { name, share } of clusters) console.log(`    ${percent(share)} ${name}`);
    console.log(
      `    dbscan: ${density.clusters}, noise ${percent(density.noiseShare)}, ` +
        `agreement ${density.agreement.toFixed(2)}`,
    );
  }
}

function manyUsers(count: number): void {
  const draw = seededDraws(1);
  const state = newBehaviour();
  const began = process.cpuUsage();
  const events = count * 4;
  for (let i = 0; i < events; i++) {
    const user = `u${Math.floor(draw() * count)}`;
    takeActivity(state, event(user, 1e12 + i * 20, `/page/${Math.floor(draw() ** 3 * 3_000)}`));
    if (i % (events / 8) !== 0) continue;
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
    const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);
    console.log(`${i} events: heap ${mib(heapUsed)} MiB, buffers ${mib(arrayBuffers)}, rss ${mib(rss)} MiB`);
  }
  const { user, system } = process.cpuUsage(began);
  console.log(
    `${Math.round((events * 1e6) / (user + system))} events/s of CPU; ${state.profiles.evicted} handed out`,
  );
}

const args = process.argv.slice(2);
if (args[0] === "--users") manyUsers(Number(args[1] ?? 1_000_000));
else
  for (const path of args) {
    const began = process.cpuUsage();
    const state = newBehaviour({ ...BEHAVIOUR_SETTINGS });
    await feed(path, state);
    endActivity(state);
    console.log(`\n${path.split("/").at(-1)}`);
    const learned = process.cpuUsage(began);
    show(behaviourReport(state, REPORT), state);
    const { user, system } = process.cpuUsage(began);
    const seconds = (micro: number): string => (micro / 1e6).toFixed(1);
    console.log(
      `  CPU ${seconds(learned.user + learned.system)} s to learn, ${seconds(user + system)} s in all`,
    );
  }
