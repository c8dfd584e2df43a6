import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { durationMs, MINUTE_MS } from "../../../src/model/time.ts";
import { UserError } from "../../../src/model/user-error.ts";
import { discoverQueries, type Proposal } from "../../../src/observe/prometheus/discover.ts";
import { readPrometheusHistory } from "../../../src/observe/prometheus/history.ts";
import { sendJson, startFake, testQuery } from "./fake-server.ts";
import { NO_PROMETHEUS, openMetrics, type RealPrometheus, startPrometheus } from "./real-prometheus.ts";

const END = Math.floor(Date.now() / 1000) - 5;

/** Two hours of a counter that rises by `perSecond`, a sample every `scrape` seconds. */
function counter(labels: string, perSecond: number, scrape = 15) {
  const samples = Array.from({ length: Math.floor(7200 / scrape) }, (_, i): [number, number] => {
    const second = END - 7200 + (i + 1) * scrape;
    return [second, 1000 + (second - END + 7200) * perSecond];
  });
  return { labels, samples };
}

const flat = (labels: string, value: number) => ({
  labels,
  samples: counter("", 0).samples.map(([second]): [number, number] => [second, value]),
});

const HISTORY = [
  openMetrics("http_requests_total", "counter", [
    counter('job="api",code="200"', 20),
    counter('job="api",code="500"', 1),
    counter('job="admin \\"x\\"",code="200"', 3),
    counter('job="idle"', 0),
  ]),
  openMetrics("istio_requests_total", "counter", [
    counter('reporter="destination",destination_service_name="cart"', 7, 60),
    counter('reporter="source",destination_service_name="cart"', 7, 60),
  ]),
  openMetrics("nginx_ingress_controller_requests", "gauge", [
    counter('ingress="shop",exported_service=""', 4),
  ]),
  openMetrics("container_cpu_usage_seconds", "counter", [
    counter('container="web",pod="web-1"', 0.5),
    counter('container="web",pod="web-2"', 0.25),
    counter('container="",pod="web-1"', 0.5),
    counter('container="POD",pod="web-1"', 0.01),
  ]).replaceAll("container_cpu_usage_seconds{", "container_cpu_usage_seconds_total{"),
  openMetrics("container_memory_working_set_bytes", "gauge", [flat('container="web",pod="web-1"', 2 ** 31)]),
].join("");

describe.skipIf(NO_PROMETHEUS !== undefined)(`discovery on a real Prometheus ${NO_PROMETHEUS ?? ""}`, () => {
  let server: RealPrometheus;
  let found: readonly Proposal[];

  beforeAll(async () => {
    server = await startPrometheus({ history: `${HISTORY}# EOF\n` });
    found = await discover(server.url);
  });
  afterAll(() => server.stop());

  const discover = (url: string, stepMs = 300_000) => {
    const { prometheus, ...rest } = testQuery(url);
    const { connection } = prometheus;
    return discoverQueries({ ...rest, connection, url, stepMs: durationMs(stepMs), nowMs: Date.now() });
  };

  test("proposes each metric that has data, by service, with all services first", () => {
    expect(found.map(({ query }) => query)).toEqual([
      'sum(rate(istio_requests_total{reporter="destination",destination_service_name="cart"}[5m]))',
      'sum(rate(nginx_ingress_controller_requests{ingress="shop"}[5m]))',
      "sum(rate(http_requests_total[5m]))",
      'sum(rate(http_requests_total{job="admin \\"x\\""}[5m]))',
      'sum(rate(http_requests_total{job="api"}[5m]))',
      'sum(rate(container_cpu_usage_seconds_total{container!="POD",container="web"}[5m]))',
      'sum(container_memory_working_set_bytes{container!="POD",container="web"}) / 2^30',
    ]);
    expect(found.map(({ kind }) => kind).slice(-2)).toEqual(["cpu", "memory"]);
  });

  test("with recent values in the unit of each kind", () => {
    const lately = found.map(({ recent }) => recent.at(-2) ?? Number.NaN);
    [7, 4, 24, 3, 21, 0.75, 2].forEach((value, i) => {
      expect(lately[i], found[i]?.query).toBeCloseTo(value, 1);
    });
    for (const { recent } of found) expect(recent.length).toBeGreaterThanOrEqual(11);
  });

  test("every query that is proposed can be read as demand without a word", async () => {
    for (const { query, stepMs } of found) {
      const request = testQuery(server.url, { query, stepMs });
      const { series, warnings } = await readPrometheusHistory({
        ...request,
        nowMs: Date.now(),
        historyMs: 60 * MINUTE_MS,
      });
      expect({ query, warnings, steps: series.values.length }).toEqual({ query, warnings: [], steps: 12 });
    }
  });

  test("four samples fit in a step and its range, whatever step is wanted", async () => {
    const fine = await discover(server.url, 60_000);
    const [istio, nginx] = fine;
    expect(istio).toMatchObject({ scrapeMs: 60_000, stepMs: 300_000 });
    expect(istio?.query).toContain("[5m]");
    expect(nginx).toMatchObject({ scrapeMs: 15_000, stepMs: 60_000 });
    expect(nginx?.query).toContain("[1m]");
  });
});

test("a server that cannot be asked is one line; strange answers propose nothing", async () => {
  const fake = await startFake();
  const { prometheus, ...rest } = testQuery(fake.url);
  const request = { ...rest, ...prometheus, nowMs: Date.now(), stepMs: durationMs(300_000) };
  fake.answer((_, response) => sendJson(response, { status: "error", error: "who are you" }, 401));
  const error = await discoverQueries(request).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UserError);
  expect((error as Error).message).toMatch(/refuses: 401 who are you/);
  for (const data of [null, 7, { result: [null] }, [], ["up", 3, null]]) {
    fake.answer((_, response) => sendJson(response, { status: "success", data: data ?? [] }));
    expect(await discoverQueries(request)).toEqual([]);
  }
  await fake.stop();
});
