import { Agent, get } from "node:http";
import { bucketOf, histogramQuantile, latencyBuckets } from "../model/latency-histogram.ts";
import type { LoadBatch, LoadOrder, LoadReport, LoadSecond, LoadSettings } from "./load-messages.ts";
import { type RandomStream, seededRandom } from "./random.ts";

/*
 * Open-loop load: each request leaves at its own time, whatever became of those before it. Argument: settings as
 * JSON. Batches come and seconds go over the IPC channel; the process ends when that breaks.
 */

interface Due {
  readonly atWallMs: number;
  readonly path: string;
}

interface Counting {
  scheduled: number;
  sent: number;
  ok: number;
  failed: number;
  dropped: number;
  readonly buckets: Uint32Array;
}

interface Load {
  settings: LoadSettings;
  readonly random: RandomStream;
  readonly agent: Agent;
  /** By time; `next` is the first that was not sent. */
  due: Due[];
  next: number;
  outstanding: number;
  counting: Counting;
  second: number;
  timer: NodeJS.Timeout | undefined;
  stopping: boolean;
}

const MOST_DUE = 200_000;
const MOST_BEHIND_MS = 5_000;
/** Requests due within this are sent together: fewer wake-ups for the same second. */
const GRAIN_MS = 4;

function start(settings: LoadSettings): void {
  const agent = new Agent({ keepAlive: true, maxSockets: settings.maxOutstanding, maxFreeSockets: 64 });
  const load: Load = {
    settings,
    random: seededRandom(settings.seed),
    agent,
    due: [],
    next: 0,
    outstanding: 0,
    counting: emptyCounting(),
    second: Math.floor(Date.now() / 1_000),
    timer: undefined,
    stopping: false,
  };
  process.on("disconnect", () => process.exit(0));
  process.on("message", (order: LoadOrder) => take(load, order));
  setInterval(() => closeSecond(load), 250);
  say({ kind: "ready" });
}

function take(load: Load, order: LoadOrder): void {
  if (order.kind === "batch") {
    schedule(load, order.batch);
    sendDue(load);
  } else if (order.kind === "router") load.settings = { ...load.settings, routerUrl: order.routerUrl };
  else {
    load.stopping = true;
    load.due = [];
    load.next = 0;
    endWhenIdle(load);
  }
}

function schedule(load: Load, batch: LoadBatch): void {
  const added: Due[] = [];
  const room = MOST_DUE - (load.due.length - load.next);
  for (const [endpoint, count] of Object.entries(batch.counts)) {
    const path = `/${encodeURIComponent(endpoint)}`;
    for (let each = 0; each < count; each++) {
      if (added.length < room)
        added.push({ atWallMs: batch.startWallMs + load.random() * batch.durationMs, path });
      else load.counting.dropped += 1;
    }
  }
  load.due = [...load.due.slice(load.next), ...added].sort((a, b) => a.atWallMs - b.atWallMs);
  load.next = 0;
}

function sendDue(load: Load): void {
  clearTimeout(load.timer);
  const nowMs = Date.now();
  for (
    let due = load.due[load.next];
    due && due.atWallMs <= nowMs + GRAIN_MS / 2;
    due = load.due[load.next]
  ) {
    load.next += 1;
    load.counting.scheduled += 1;
    const hopeless =
      nowMs - due.atWallMs > MOST_BEHIND_MS || load.outstanding >= load.settings.maxOutstanding;
    if (hopeless) load.counting.dropped += 1;
    else sendOne(load, due);
  }
  const following = load.due[load.next];
  if (following) load.timer = setTimeout(() => sendDue(load), Math.max(GRAIN_MS, following.atWallMs - nowMs));
}

function sendOne(load: Load, due: Due): void {
  const { routerUrl, requestTimeoutMs } = load.settings;
  load.outstanding += 1;
  load.counting.sent += 1;
  let settled = false;
  const settle = (ok: boolean): void => {
    if (settled) return;
    settled = true;
    load.outstanding -= 1;
    load.counting[ok ? "ok" : "failed"] += 1;
    const bucket = bucketOf(Date.now() - due.atWallMs);
    load.counting.buckets[bucket] = (load.counting.buckets[bucket] ?? 0) + 1;
    if (load.stopping) endWhenIdle(load);
  };
  const request = get(
    `${routerUrl}${due.path}`,
    { agent: load.agent, timeout: requestTimeoutMs },
    (response) => {
      const status = response.statusCode ?? 0;
      response.resume();
      response.on("end", () => settle(status >= 200 && status < 300));
      response.on("error", () => settle(false));
    },
  );
  request.on("timeout", () => request.destroy());
  request.on("error", () => settle(false));
  request.on("close", () => settle(false));
}

function closeSecond(load: Load): void {
  const second = Math.floor(Date.now() / 1_000);
  if (second === load.second) return;
  say({ kind: "second", second: toSecond(load.second, load.counting) });
  load.second = second;
  load.counting = emptyCounting();
}

function endWhenIdle(load: Load): void {
  if (load.outstanding > 0) return;
  say({ kind: "second", second: toSecond(load.second, load.counting) });
  process.send?.({ kind: "ended" } satisfies LoadReport, undefined, undefined, () => process.exit(0));
}

function toSecond(second: number, counting: Counting): LoadSecond {
  const { buckets, ...counts } = counting;
  return {
    fromWallMs: second * 1_000,
    ...counts,
    p50Ms: histogramQuantile(buckets, 0.5),
    p95Ms: histogramQuantile(buckets, 0.95),
    p99Ms: histogramQuantile(buckets, 0.99),
  };
}

function emptyCounting(): Counting {
  return { scheduled: 0, sent: 0, ok: 0, failed: 0, dropped: 0, buckets: latencyBuckets() };
}

function say(report: LoadReport): void {
  process.send?.(report, undefined, undefined, () => undefined);
}

start(JSON.parse(process.argv[2] ?? "{}") as LoadSettings);
