import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  NO_PROMETHEUS,
  openMetrics,
  type RealPrometheus,
  startPrometheus,
} from "../observe/prometheus/real-prometheus.ts";
import { type CliPlace, openPlace } from "./run-cli.ts";

const END = Math.floor(Date.now() / 1000) - 20;
const DAYS = 3;
const LIGHT = "--members naive,seasonal-naive";

/** Requests with a daily rhythm, a sample each minute. */
function counter(labels: string, size: number) {
  const samples: [number, number][] = [];
  let total = 0;
  for (let second = END - DAYS * 86_400; second <= END; second += 60) {
    total += 60 * size * (2 + Math.sin((second / 86_400) * 2 * Math.PI));
    samples.push([second, Math.round(total)]);
  }
  return { labels, samples };
}

let place: CliPlace;
beforeAll(async () => {
  place = await openPlace();
});
afterAll(() => place.remove());

describe.skipIf(NO_PROMETHEUS !== undefined)(`commands on a real Prometheus ${NO_PROMETHEUS ?? ""}`, () => {
  let server: RealPrometheus;
  const QUERY = 'sum(rate(http_requests_total{service="shop"}[$__interval]))';

  beforeAll(async () => {
    const history = openMetrics("http_requests_total", "counter", [
      counter('service="shop"', 10),
      counter('service="web"', 3),
    ]);
    server = await startPrometheus({ history: `${history}# EOF\n` });
  });
  afterAll(() => server.stop());

  const run = (line: string, ...more: readonly string[]) => place.run([...line.split(" "), ...more]);

  test("init lists what has data, and writes nothing", async () => {
    const { code, stdout, stderr } = await run(`init --prometheus ${server.url}`);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^ {2}1 {2}the service itself, all together: .* requests\/s in the last hour, lately /,
    );
    expect(stdout).toContain('\n     sum(rate(http_requests_total{service="shop"}[5m]))\n');
    expect(stdout).toMatch(/step 5m, a sample every 1m/);
    expect(stderr).toBe(
      "nothing is written: name one with --query NUMBER, or your own with --query PROMQL\n",
    );
    await expect(readFile(join(place.folder, "tiercast.yaml"))).rejects.toThrow("ENOENT");
    const { stdout: json } = await run(`init --prometheus ${server.url} -o json`);
    const { kind, proposals } = JSON.parse(json);
    expect(kind).toBe("QueryProposals");
    expect(
      proposals.map(({ number, label }: { number: number; label?: { value: string } }) => [
        number,
        label?.value,
      ]),
    ).toEqual([
      [1, undefined],
      [2, "shop"],
      [3, "web"],
    ]);
  });

  test("init --query N writes a configuration that loads and forecasts", async () => {
    const { code, stderr } = await run(`init --prometheus ${server.url} --query 2 --tenant shop`);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const text = await readFile(join(place.folder, "tiercast.yaml"), "utf8");
    expect(text).toContain('  query: "sum(rate(http_requests_total{service=\\"shop\\"}[5m]))"\n');
    expect(text).toContain("    headers: { X-Scope-OrgID: shop }\n");
    const valid = await run("validate");
    expect(valid).toMatchObject({ code: 0, stdout: expect.stringMatching(/: valid\n$/) });
    const again = await run(`init --prometheus ${server.url} --query 2`);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringMatching(/is there already \(--force/) });
    const forecast = await run(`forecast ${LIGHT} --horizon 1h -o json`);
    expect(forecast.code).toBe(0);
    const answer = JSON.parse(forecast.stdout);
    expect(answer.source).toBe(`prometheus ${server.url}`);
    expect(answer.steps).toHaveLength(12);
    expect(answer.steps[0].quantiles[4]).toBeGreaterThan(5);
  });

  test("init with a query of one's own: it must give one series", async () => {
    const good = await run(
      `init --force --prometheus ${server.url} --step 1m --query`,
      "sum(http_requests_total)",
    );
    expect(good).toMatchObject({ code: 0 });
    expect(await readFile(join(place.folder, "tiercast.yaml"), "utf8")).toContain("  step: 1m ");
    const several = await run(
      `init --force --prometheus ${server.url} --query`,
      "rate(http_requests_total[5m])",
    );
    expect(several).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/gives 2 series where one is due/),
    });
    const number = await run(`init --force --prometheus ${server.url} --query 9`);
    expect(number).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/there is no number 9 \(1 to 3\)/),
    });
  });

  test("a first cycle with a bad query is a mistake of the configuration; a server that is down is not", async () => {
    const config = (url: string, query: string) =>
      place.write(
        "bad.yaml",
        `service: shop\nmode: observe\ndemand: {source: prometheus, url: '${url}', query: '${query}'}\nstate: {folder: st}\n`,
      );
    await config(server.url, "sum(");
    const bad = await run("once --config bad.yaml");
    expect(bad).toMatchObject({ code: 2, stderr: expect.stringMatching(/bad query: .*parse error/) });
    await config("http://127.0.0.1:9", "up");
    const down = await run("once --config bad.yaml");
    expect(down.stderr + down.stdout).toMatch(/connection refused/);
    expect(down.code).not.toBe(2);
  });

  test("forecast, backtest and simulate read a query in place of a file", async () => {
    const address = `prometheus:${server.url}?query=${encodeURIComponent(QUERY)}&last=3d`;
    const forecast = await run(`forecast ${address} ${LIGHT} -o json`);
    expect(forecast).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(forecast.stdout)).toMatchObject({ service: null, stepMs: 300_000 });
    const backtest = await run(
      `backtest --prometheus ${server.url} --last 1d --origins 3 --horizons 5m ${LIGHT} -o json --query`,
      QUERY,
    );
    expect(backtest).toMatchObject({ code: 0 });
    const scored = JSON.parse(backtest.stdout);
    expect(scored.file).toBeNull();
    expect(Date.parse(scored.origins[0])).toBeGreaterThan((END - 86_400 - 600) * 1000);
    const simulate = await run(
      `simulate --prometheus ${server.url} --last 3d --step 10m --policies hpa -o json --query`,
      QUERY,
    );
    expect(simulate).toMatchObject({ code: 0 });
    expect(JSON.parse(simulate.stdout).world).toMatchObject({ stepMs: 600_000 });
  }, 120_000);

  test.each([
    ["forecast a.csv --prometheus http://h --query up", /--prometheus and a\.csv: give one of them/],
    ["forecast --query up", /--query: needs --prometheus URL/],
    ["forecast --prometheus http://ann:pw@h --query up", /holds a user name or password/],
    ["simulate --prometheus http://h", /--query: is missing/],
    ["simulate", /name a FILE, or --prometheus URL/],
    ["backtest prometheus:http://h?query=up&lost=3d", /"lost" is none of query, step, last, aggregate/],
    ["forecast prometheus:http://h?query=up --password-file x", /--password-file: needs --user/],
  ])("%s: one line, exit 2", async (line, message) => {
    const { code, stderr } = await run(line);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd()).not.toContain("\n");
    expect(stderr).not.toContain("pw@");
  });
});

test("simulate takes an access log; a day of minutes", async () => {
  const lines = Array.from({ length: 6000 }, (_, i) => {
    const at = new Date(Date.UTC(2026, 2, 2) + i * 14_000 + (i % 7) * 800);
    const stamp = `${String(at.getUTCDate()).padStart(2, "0")}/Mar/2026:${at.toISOString().slice(11, 19)} +0000`;
    return `10.0.0.1 - - [${stamp}] "GET /a HTTP/1.1" 200 12`;
  });
  await place.write("access.log", `${lines.join("\n")}\n`);
  const { code, stdout, stderr } = await place.run("simulate access.log --policies hpa -o json".split(" "));
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(JSON.parse(stdout)).toMatchObject({ file: "access.log", world: { stepMs: 300_000 } });
}, 60_000);
