import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TrafficRing } from "./traffic-ring.ts";
import type { ServingUnit } from "./unit-pool.ts";

export interface RouterSettings {
  readonly slotsPerUnit: number;
  readonly queueLimit: number;
  readonly latencyObjectiveMs: number;
}

export interface RouterOptions {
  /** Ready units, those of the cheaper tier first: baseline, predictive, burst. */
  readonly serving: () => readonly ServingUnit[];
  readonly settings: () => RouterSettings;
  readonly drawServiceMs: () => number;
  readonly traffic: Pick<TrafficRing, "arrive" | "serve" | "fail">;
  readonly wallMs: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** HTTP in front of the units, on loopback. */
export interface Router {
  /** Opens `port` (0: any free one), then closes the port it had. Rejects when the port is taken. */
  listen(port: number): Promise<number>;
  /** Hands waiting requests to free slots; call when units became ready. */
  pump(): void;
  queued(): number;
  /** Turns away what waits, lets what is being served end within `graceMs`. */
  close(graceMs: number): Promise<void>;
}

interface Waiting {
  readonly response: ServerResponse;
  readonly path: string;
  readonly arrivedMs: number;
  settled: boolean;
}

interface State {
  readonly options: RouterOptions;
  readonly queue: Waiting[];
  server: Server | undefined;
}

/** Nobody waits longer: with no unit at all, requests end in an answer and not in a hang. */
const LONGEST_WAIT_MS = 30_000;
const LONGEST_PATH = 2_048;
const OLD_PORT_GRACE_MS = 10_000;
const MOST_CONNECTIONS = 2_000;

export function createRouter(options: RouterOptions): Router {
  const state: State = { options, queue: [], server: undefined };
  const sweeper = setInterval(() => sweep(state), 1_000);
  return {
    listen: async (port) => {
      const next = createServer({ keepAliveTimeout: 60_000, maxHeaderSize: 8_192 }, (request, response) =>
        accept(state, request, response),
      );
      next.maxConnections = MOST_CONNECTIONS;
      const openPort = await listenOn(next, port);
      if (state.server) void closeServer(state.server, OLD_PORT_GRACE_MS);
      state.server = next;
      return openPort;
    },
    pump: () => pump(state),
    queued: () => state.queue.length,
    close: async (graceMs) => {
      clearInterval(sweeper);
      for (const waiting of state.queue.splice(0)) fail(state, waiting, 503, "stopping");
      if (state.server) await closeServer(state.server, graceMs);
    },
  };
}

function accept(state: State, request: IncomingMessage, response: ServerResponse): void {
  const { options, queue } = state;
  const waiting: Waiting = { response, path: request.url ?? "/", arrivedMs: options.nowMs(), settled: false };
  request.resume();
  options.traffic.arrive(options.wallMs());
  response.on("close", () => abandon(state, waiting));
  const { slotsPerUnit, queueLimit } = options.settings();
  const unit = queue.length === 0 ? freeUnit(options.serving(), slotsPerUnit) : undefined;
  if (waiting.path.length > LONGEST_PATH) fail(state, waiting, 414, "path too long");
  else if (unit) dispatch(state, unit, waiting);
  else if (queue.length >= queueLimit) fail(state, waiting, 503, "queue full");
  else queue.push(waiting);
}

function dispatch(state: State, unit: ServingUnit, waiting: Waiting): void {
  const { nowMs, wallMs, traffic, settings } = state.options;
  const startedMs = nowMs();
  unit.process.request(waiting.path, state.options.drawServiceMs(), (body) => {
    if (body === undefined) fail(state, waiting, 502, "unit ended");
    else if (!waiting.settled) {
      waiting.settled = true;
      const latencyMs = nowMs() - waiting.arrivedMs;
      const late = latencyMs > settings().latencyObjectiveMs;
      traffic.serve(wallMs(), latencyMs, nowMs() - startedMs, late);
      reply(waiting.response, 200, body, unit.tier);
    }
    pump(state);
  });
}

function pump(state: State): void {
  const { options, queue } = state;
  while (queue.length > 0) {
    const unit = freeUnit(options.serving(), options.settings().slotsPerUnit);
    const head = unit && queue.shift();
    if (!unit || !head) return;
    dispatch(state, unit, head);
  }
}

function fail(state: State, waiting: Waiting, status: number, text: string): void {
  if (waiting.settled) return;
  waiting.settled = true;
  state.options.traffic.fail(state.options.wallMs());
  reply(waiting.response, status, text, undefined);
}

/** The client went away: what it waited for counts as failed, its place in the queue is freed. */
function abandon(state: State, waiting: Waiting): void {
  if (waiting.settled) return;
  waiting.settled = true;
  state.options.traffic.fail(state.options.wallMs());
  const place = state.queue.indexOf(waiting);
  if (place >= 0) state.queue.splice(place, 1);
}

function sweep(state: State): void {
  const oldestMs = state.options.nowMs() - LONGEST_WAIT_MS;
  while (state.queue[0] && state.queue[0].arrivedMs < oldestMs) {
    const oldest = state.queue.shift();
    if (oldest) fail(state, oldest, 503, "waited too long");
  }
}

/** The unit with a free slot and the fewest requests; of equals the first, so the cheaper tier. */
export function freeUnit(serving: readonly ServingUnit[], slotsPerUnit: number): ServingUnit | undefined {
  let best: ServingUnit | undefined;
  let fewest = slotsPerUnit;
  for (const unit of serving) {
    const outstanding = unit.process.outstanding();
    if (outstanding < fewest) {
      best = unit;
      fewest = outstanding;
    }
  }
  return best;
}

function reply(response: ServerResponse, status: number, text: string, tier: string | undefined): void {
  if (response.destroyed || response.headersSent) return;
  response.sendDate = false;
  const headers: Record<string, string | number> = { "content-length": Buffer.byteLength(text) };
  if (tier !== undefined) headers["x-tiercast-tier"] = tier;
  if (status === 503) headers["retry-after"] = 1;
  response.writeHead(status, headers);
  response.end(text);
}

function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Requests in flight get their answers; idle connections are closed at once. */
function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), graceMs + 500);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}
