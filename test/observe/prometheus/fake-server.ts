import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { ConnectionSettings, PrometheusSettings } from "../../../src/model/settings.ts";
import { durationMs } from "../../../src/model/time.ts";
import type { QueryRequest } from "../../../src/observe/prometheus/history.ts";

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly parameters: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
}

export interface FakeServer {
  readonly url: string;
  readonly requests: FakeRequest[];
  /** What the next requests get. */
  answer(how: (request: FakeRequest, response: ServerResponse) => void): void;
  stop(): Promise<void>;
}

/** A server on loopback that answers as the test says; matrices of range queries by default. */
export async function startFake(): Promise<FakeServer> {
  const requests: FakeRequest[] = [];
  let answer = matrixOf((step) => step % 100);
  const server = createServer((incoming, response) => {
    void bodyOf(incoming).then((body) => {
      const url = new URL(incoming.url ?? "/", "http://fake");
      const request = {
        method: incoming.method ?? "",
        path: url.pathname,
        parameters: body === "" ? url.searchParams : new URLSearchParams(body),
        headers: incoming.headers,
      };
      requests.push(request);
      answer(request, response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    answer: (how) => {
      answer = how;
    },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

type Valued = (step: number) => number | string | undefined;

/** A range answer with a value for each step by its number; undefined: no sample. */
export function matrixOf(
  ...series: readonly Valued[]
): (request: FakeRequest, response: ServerResponse) => void {
  return ({ parameters }, response) => {
    sendJson(response, { status: "success", data: matrix(parameters, series) });
  };
}

export function matrix(parameters: URLSearchParams, series: readonly Valued[]): object {
  const [start, end, step] = ["start", "end", "step"].map((name) => Number(parameters.get(name)));
  const result = series.map((valued, index) => {
    const values: [number, string][] = [];
    for (let at = start ?? 0; at <= (end ?? 0) + 1e-6; at += step ?? 1) {
      const value = valued(Math.round(at / (step ?? 1)) - 1);
      if (value !== undefined) values.push([at, String(value)]);
    }
    return { metric: series.length === 1 ? {} : { zone: `z${index}` }, values };
  });
  return { resultType: "matrix", result: result.filter(({ values }) => values.length > 0) };
}

export function sendJson(response: ServerResponse, value: unknown, status = 200, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof value === "string" ? value : JSON.stringify(value));
}

const CONNECTION: ConnectionSettings = {
  bearerTokenFile: undefined,
  bearerTokenEnv: undefined,
  username: undefined,
  passwordFile: undefined,
  passwordEnv: undefined,
  caFile: undefined,
  headers: {},
  timeoutMs: durationMs(2_000),
  deadlineMs: durationMs(20_000),
};

export interface TestQuery extends QueryRequest {
  /** Waits that were asked for, ms. */
  readonly waitsMs: number[];
}

/** A query with time that passes only in waits, which take none. */
export function testQuery(
  url: string,
  change: Partial<Omit<PrometheusSettings, "connection">> & {
    readonly connection?: Partial<ConnectionSettings>;
    readonly stepMs?: number;
    readonly environment?: Readonly<Record<string, string>>;
    readonly wallNowMs?: () => number;
  } = {},
): TestQuery {
  const waitsMs: number[] = [];
  const { connection, stepMs = 60_000, environment = {}, wallNowMs = Date.now, ...rest } = change;
  return {
    prometheus: {
      url,
      query: "sum(rate(http_requests_total[$__interval]))",
      aggregate: "none",
      partial: "gap",
      delayMs: durationMs(0),
      ...rest,
      connection: { ...CONNECTION, ...connection },
    },
    stepMs: durationMs(stepMs),
    scale: 1,
    environment,
    clock: {
      speed: 1,
      monotonicMs: () => performance.now() + waitsMs.reduce((sum, waitMs) => sum + waitMs, 0),
      sleep: async (waitMs) => {
        waitsMs.push(waitMs);
      },
    },
    random: () => 0.5,
    wallNowMs,
    waitsMs,
  };
}
