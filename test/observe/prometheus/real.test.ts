import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DAY_MS, epochMs, MINUTE_MS } from "../../../src/model/time.ts";
import { UserError } from "../../../src/model/user-error.ts";
import { readPrometheusHistory } from "../../../src/observe/prometheus/history.ts";
import { createPrometheusSource } from "../../../src/observe/prometheus/prometheus-source.ts";
import { testQuery } from "./fake-server.ts";
import { NO_PROMETHEUS, openMetrics, type RealPrometheus, startPrometheus } from "./real-prometheus.ts";

const DAYS = 9;
const MINUTES = DAYS * 1440;
/** The minute in which the test begins has no data; the one before it is the last whole one. */
const END_MINUTE = Math.floor(Date.now() / MINUTE_MS) - 5;
const FIRST_MINUTE = END_MINUTE - MINUTES;
const HOLE = { from: END_MINUTE - 400, to: END_MINUTE - 370 };
const RESET = END_MINUTE - 200;

/** Requests/s in a minute: no two neighbours are alike. */
const rpsIn = (minute: number): number => 10 + (minute % 7) * 3;

/** A counter scraped at 5, 25 and 45 s of each minute, with a hole of half an hour and a reset. */
function counterSamples(factor: number): [number, number][] {
  const samples: [number, number][] = [];
  let total = 0;
  for (let minute = FIRST_MINUTE; minute < END_MINUTE; minute++) {
    if (minute === RESET) total = 0;
    for (const second of [5, 25, 45]) {
      const isMissing = minute >= HOLE.from && minute < HOLE.to;
      if (!isMissing) samples.push([minute * 60 + second, total + second * rpsIn(minute) * factor]);
    }
    total += 60 * rpsIn(minute) * factor;
  }
  return samples;
}

const REQUESTS = openMetrics("http_requests_total", "counter", [
  { labels: 'service="shop",zone="a"', samples: counterSamples(1) },
  { labels: 'service="shop",zone="b"', samples: counterSamples(2) },
]);
const EDGE = openMetrics("odd", "gauge", [
  {
    labels: "",
    samples: Array.from({ length: 20 }, (_, i) => [
      (END_MINUTE - 20 + i) * 60 + 30,
      i === 10 ? Number.NaN : i,
    ]),
  },
]);

describe.skipIf(NO_PROMETHEUS !== undefined)(`a real Prometheus ${NO_PROMETHEUS ?? ""}`, () => {
  let server: RealPrometheus;
  const nowMs = END_MINUTE * MINUTE_MS + 1234;

  beforeAll(async () => {
    server = await startPrometheus({ history: `${REQUESTS}${EDGE}# EOF\n` });
  });
  afterAll(() => server.stop());

  const read = (query: string, more: Parameters<typeof testQuery>[1] = {}, historyMs = DAYS * DAY_MS) =>
    readPrometheusHistory({ ...testQuery(server.url, { query, ...more }), nowMs, historyMs });

  test("each minute has its own rate, over more points than one answer may hold; a hole is a gap", async () => {
    const { series, warnings } = await read("sum(rate(http_requests_total[$__interval]))");
    expect(warnings).toEqual([]);
    expect(series.startMs).toBe(FIRST_MINUTE * MINUTE_MS);
    expect(series.values).toHaveLength(MINUTES);
    const wrong: string[] = [];
    series.values.forEach((value, i) => {
      const minute = FIRST_MINUTE + i;
      const isGap = minute >= HOLE.from && minute < HOLE.to;
      const isRight = isGap ? Number.isNaN(value) : Math.abs(value - 3 * rpsIn(minute)) < 0.01;
      if (!isRight) wrong.push(`${minute - END_MINUTE}: ${value}, not ${3 * rpsIn(minute)}`);
    });
    expect(wrong).toEqual([]);
  });

  test("a coarser grid: the rate of the five minutes of the step", async () => {
    const { series } = await read("sum(rate(http_requests_total[5m]))", { stepMs: 300_000 }, DAY_MS);
    const minutesIn = (i: number) => series.startMs / MINUTE_MS + 5 * i;
    const last = series.values.length - 1;
    expect(series.startMs % 300_000).toBe(0);
    expect((minutesIn(last) + 5) * MINUTE_MS).toBe(Math.floor(nowMs / 300_000) * 300_000);
    for (const i of [last, last - 1, 5]) {
      const mean = [0, 1, 2, 3, 4].reduce((sum, k) => sum + 3 * rpsIn(minutesIn(i) + k), 0) / 5;
      // Extrapolated to the edges of the step from samples that begin and end inside of it.
      expect(Math.abs((series.values[i] ?? 0) - mean) / mean).toBeLessThan(0.06);
    }
  });

  test("two series are an error that names them; aggregate: sum adds them", async () => {
    const query = "rate(http_requests_total[$__interval])";
    const error = await read(query).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toContain('{service="shop", zone="a"} {service="shop", zone="b"}');
    expect((error as UserError).message).toMatch(/write sum\(\.\.\.\) around it/);
    expect((error as UserError).message).not.toContain("\n");
    const { series } = await read(query, { aggregate: "sum" }, DAY_MS);
    expect(series.values.at(-1)).toBeCloseTo(3 * rpsIn(END_MINUTE - 1), 2);
  });

  test("a gauge's NaN is a gap; its sample belongs to the step it lies in", async () => {
    const { series } = await read("odd", {}, 20 * MINUTE_MS);
    expect([...series.values]).toEqual(Array.from({ length: 20 }, (_, i) => (i === 10 ? Number.NaN : i)));
  });

  test("a query that divides by nothing gives gaps, not infinity", async () => {
    await expect(read("sum(rate(http_requests_total[$__interval])) / 0", {}, DAY_MS)).rejects.toThrow(
      /has no data/,
    );
  });

  test.each([
    ["sum(rate(http_requests_total[5m])", /bad query: .*unclosed left parenthesis.* \(correct the query\)$/],
    [
      "sum(rate(no_such_total[1m]))",
      /the query sum\(rate\(no_such_total\[1m\]\)\) has no data in the last 1d/,
    ],
    ['"text"', /bad query: .*invalid expression type "string"/],
    ["sum(rate(http_requests_total{service=~'('}[1m]))", /bad query: .*error parsing regexp/],
  ])("%s: one line in the server's words, exit 2", async (query, message) => {
    const error = await read(query, {}, DAY_MS).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
    expect((error as Error).message).toMatch(/^prometheus http:\/\/127\.0\.0\.1:\d+: [^\n]*$/);
  });

  test("a query over too many samples is read in smaller pieces", async () => {
    const small = await startPrometheus({
      history: `${REQUESTS}# EOF\n`,
      flags: ["--query.max-samples=1000"],
    });
    try {
      const request = testQuery(small.url, { stepMs: 60_000 });
      const whole = new URLSearchParams({
        query: "sum(rate(http_requests_total[1m]))",
        start: String(END_MINUTE * 60 - 86_400),
        end: String(END_MINUTE * 60),
        step: "60",
      });
      expect((await fetch(`${small.url}/api/v1/query_range?${whole}`)).status).toBe(422);
      const { series } = await readPrometheusHistory({ ...request, nowMs, historyMs: DAY_MS });
      expect(series.values).toHaveLength(1440);
      expect(series.values.at(-1)).toBeCloseTo(3 * rpsIn(END_MINUTE - 1), 2);
    } finally {
      await small.stop();
    }
  });

  test("the path of the web interface is no part of the address", async () => {
    const request = testQuery(`${server.url}/graph`);
    const { series } = await readPrometheusHistory({ ...request, nowMs, historyMs: DAY_MS });
    expect(series.values).toHaveLength(1440);
  });
});

describe.skipIf(NO_PROMETHEUS !== undefined)(`live ${NO_PROMETHEUS ?? ""}`, () => {
  let server: RealPrometheus;
  let exporter: Server;
  let total = 0;
  let isUp = true;
  const beganMs = Date.now();

  beforeAll(async () => {
    exporter = createServer((_, response) => {
      // 50 requests/s, whenever it is asked.
      total = Math.round((Date.now() - beganMs) / 20);
      if (isUp) response.end(`# TYPE http_requests_total counter\nhttp_requests_total ${total}\n`);
      else response.destroy();
    });
    await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
    const address = exporter.address();
    const port = typeof address === "object" ? address?.port : 0;
    server = await startPrometheus({ target: `127.0.0.1:${port}` });
  });
  afterAll(async () => {
    exporter.close();
    exporter.closeAllConnections();
    await server.stop();
  });

  const STEP_MS = 2_000;
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  test("new steps come in; a target that ends leaves gaps; a server that hangs is bridged, then an error", async () => {
    const warnings: string[] = [];
    const source = createPrometheusSource({
      ...testQuery(server.url, {
        stepMs: STEP_MS,
        connection: { timeoutMs: 400 as never, deadlineMs: 1_000 as never },
      }),
      staleAfterMs: 7_000,
      onWarning: (line) => warnings.push(line),
    });
    const read = () => source.read(epochMs(Date.now()), DAY_MS);
    // The first scrape comes five seconds after the start.
    await pause(5_000 + 3 * STEP_MS);
    const first = await read();
    expect(first.values.at(-1)).toBeGreaterThan(40);
    expect(first.values.at(-1)).toBeLessThan(60);
    await pause(STEP_MS);
    const second = await read();
    expect(second.startMs).toBe(first.startMs);
    expect(second.values.length).toBeGreaterThan(first.values.length);

    isUp = false;
    await pause(3 * STEP_MS);
    const third = await read();
    expect(third.values.at(-1)).toBeNaN();
    expect(Array.from(third.values).filter((value) => value < 0.1)).toEqual([]);
    isUp = true;
    await pause(2.5 * STEP_MS);
    expect((await read()).values.at(-1)).toBeGreaterThan(30);
    expect(warnings).toEqual([]);

    server.signal("SIGSTOP");
    await pause(300);
    const bridged = await read();
    expect(bridged.startMs).toBe(first.startMs);
    expect(warnings).toEqual([expect.stringMatching(/gives no answer in time/)]);
    await pause(7_000);
    await expect(read()).rejects.toThrow(/gives no answer in time/);
    server.signal("SIGCONT");
    await pause(1_000);
    const back = await read();
    expect(back.startMs).toBe(first.startMs);
    await source.close();
  }, 60_000);
});
