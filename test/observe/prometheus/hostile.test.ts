import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { durationMs } from "../../../src/model/time.ts";
import { UserError } from "../../../src/model/user-error.ts";
import { readPrometheusHistory } from "../../../src/observe/prometheus/history.ts";
import { scratchFolder } from "../scratch.ts";
import {
  type FakeServer,
  matrix,
  matrixOf,
  sendJson,
  startFake,
  type TestQuery,
  testQuery,
} from "./fake-server.ts";

const MINUTE = 60_000;
const NOW = Math.floor(Date.now() / MINUTE) * MINUTE;
const HOUR = 3_600_000;
const SECRET = "s3cret-token-of-the-test";
const scratch = scratchFolder();
let server: FakeServer;

beforeAll(async () => {
  server = await startFake();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.requests.length = 0;
  server.answer(matrixOf((step) => step % 100));
});

const read = (query: TestQuery, historyMs = HOUR) =>
  readPrometheusHistory({ ...query, nowMs: NOW, historyMs });

/** The one line of a reading that fails. */
async function failure(query: TestQuery, historyMs = HOUR): Promise<UserError> {
  const error = await read(query, historyMs).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as UserError;
  expect(message).toMatch(/^\P{Cc}{1,900}$/u);
  return error as UserError;
}

describe("what is asked", () => {
  test("steps on the grid, the value at the end of each; no point twice, no more than 10,000 in one", async () => {
    const { series } = await read(testQuery(server.url), 9 * 86_400_000);
    expect(series.values).toHaveLength(9 * 1440);
    const first = series.startMs / MINUTE;
    expect(series.values.every((value, i) => value === (first + i) % 100)).toBe(true);
    const asked = server.requests.flatMap(({ parameters }) => {
      const [start, end] = [Number(parameters.get("start")), Number(parameters.get("end"))];
      expect((end - start) / 60 + 1).toBeLessThanOrEqual(10_000);
      return Array.from({ length: (end - start) / 60 + 1 }, (_, i) => start + 60 * i);
    });
    expect(new Set(asked).size).toBe(asked.length);
    expect(Math.max(...asked)).toBe(NOW / 1000);
    expect(Math.min(...asked)).toBe(NOW / 1000 - 9 * 86_400 + 60);
    expect(server.requests[0]?.parameters.get("query")).toBe("sum(rate(http_requests_total[1m]))");
    expect(server.requests[0]?.parameters.get("lookback_delta")).toBe("1m");
  });

  test("a long query goes as a form, a short one in the address", async () => {
    await read(testQuery(server.url));
    await read(testQuery(server.url, { query: `sum(rate(x{a=~"${"b|".repeat(3000)}c"}[1m]))` }));
    expect(server.requests.map(({ method }) => method)).toEqual(["GET", "POST"]);
    expect(server.requests[1]?.parameters.get("query")).toHaveLength(6024);
  });

  test("headers, token and password are sent, read anew, and never said", async () => {
    const file = await scratch.write("token", `${SECRET}\n`);
    const withToken = testQuery(server.url, {
      connection: { bearerTokenFile: file, headers: { "X-Scope-OrgID": "shop" } },
    });
    await read(withToken);
    await scratch.write("token", "renewed");
    await read(withToken);
    await read(
      testQuery(server.url, {
        connection: { username: "ann", passwordEnv: "PASSWORD" },
        environment: { PASSWORD: SECRET },
      }),
    );
    const sent = server.requests.map(({ headers }) => headers.authorization);
    expect(sent).toEqual([
      `Bearer ${SECRET}`,
      "Bearer renewed",
      `Basic ${Buffer.from(`ann:${SECRET}`).toString("base64")}`,
    ]);
    expect(server.requests[0]?.headers["x-scope-orgid"]).toBe("shop");
    await scratch.write("token", SECRET);
    server.answer((_, response) => sendJson(response, { status: "error", error: "no" }, 401));
    expect((await failure(withToken)).message).toMatch(/refuses: 401 no \(check token/);
    await scratch.write("token", "two\nlines");
    expect((await failure(withToken)).message).toMatch(/token: holds no secret on one line/);
    const unset = testQuery(server.url, { connection: { bearerTokenEnv: "TOKEN_X" } });
    expect((await failure(unset)).message).toMatch(/environment TOKEN_X: holds no secret/);
    await scratch.write("token", `${SECRET}\u00e9`);
    expect((await failure(withToken)).message).not.toContain(SECRET);
  });

  test.each([
    ["ftp://host", /ftp:\/\/ is not supported/],
    ["file:///etc/passwd", /file:\/\/ is not supported/],
    ["http://ann:pw@host:9090", /holds a user name or password/],
    ["host 9090", /is no address/],
    ["http://host:9090/?query=up", /has a \? or # part/],
  ])("address %s is refused without a request", async (url, message) => {
    const { message: line } = await failure(testQuery(url));
    expect(line).toMatch(message);
    expect(line).not.toContain("pw");
  });
});

describe("tried again", () => {
  test("500, 503, 429, a broken connection: waits that double, times 0.5 to 1.5; then the answer", async () => {
    const good = matrixOf(() => 7);
    const bad = [500, 503, 0];
    server.answer((request, response) => {
      const status = bad.shift();
      if (status === undefined) good(request, response);
      else if (status === 0) response.destroy();
      else response.writeHead(status).end("oops");
    });
    const query = testQuery(server.url);
    const { series } = await read({ ...query, random: () => 0 });
    expect(query.waitsMs).toEqual([250, 500, 1000]);
    expect(new Set(series.values)).toEqual(new Set([7]));
  });

  test("Retry-After in seconds and as a date is kept; one beyond the deadline ends it at once", async () => {
    const good = matrixOf(() => 7);
    const now = new Date(NOW);
    const headers = [
      { "retry-after": "3" },
      { "retry-after": new Date(NOW + 7_000).toUTCString(), date: now.toUTCString() },
    ];
    server.answer((request, response) => {
      const next = headers.shift();
      if (next === undefined) good(request, response);
      else response.writeHead(429, next).end();
    });
    const query = testQuery(server.url);
    await read(query);
    expect(query.waitsMs).toEqual([3_000, 7_000]);
    server.answer((_, response) => response.writeHead(503, { "retry-after": "3600" }).end());
    server.requests.length = 0;
    const impatient = testQuery(server.url);
    const { message, exitCode } = await failure(impatient);
    expect(message).toMatch(/503; it asks to wait 3600 s; no time is left/);
    expect({ exitCode, requests: server.requests.length, waits: impatient.waitsMs }).toEqual({
      exitCode: 1,
      requests: 1,
      waits: [],
    });
  });

  test("at most four times; then one line, exit 1", async () => {
    server.answer((_, response) => response.writeHead(502).end("<html>Bad\n gateway\u001b[31m</html>"));
    const { message, exitCode } = await failure(testQuery(server.url));
    expect(server.requests).toHaveLength(4);
    expect(message).toMatch(/502 .*, 4 times$/);
    expect(exitCode).toBe(1);
  });

  test("nobody listens: one line, exit 1", async () => {
    const gone = await startFake();
    await gone.stop();
    const { message, exitCode } = await failure(testQuery(gone.url));
    expect(message).toMatch(/connection refused \(is it running, is the address right\?\), 4 times$/);
    expect(exitCode).toBe(1);
  });

  test.each([400, 403, 404, 405, 418, 301, 302])("%i is not tried again", async (status) => {
    server.answer((_, response) =>
      response.writeHead(status, { location: "http://elsewhere/x?ticket=1#2" }).end("why not"),
    );
    const { message, exitCode } = await failure(testQuery(server.url));
    expect(server.requests).toHaveLength(1);
    expect(exitCode).toBe(2);
    expect(message).not.toContain("ticket");
    if (status < 400) expect(message).toMatch(/redirects to http:\/\/elsewhere\/x \(write the address/);
  });
});

describe("bounds", () => {
  test("a server that never answers: the timeout, then less at a time, then the deadline", async () => {
    server.answer(() => undefined);
    const query = testQuery(server.url, {
      connection: { timeoutMs: durationMs(60), deadlineMs: durationMs(500) },
    });
    const began = performance.now();
    const { message, exitCode } = await failure(query);
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(message).toMatch(/gives no answer in time|no time is left/);
    expect(exitCode).toBe(1);
  });

  test("a server that drips is ended by the timeout of the whole answer", async () => {
    server.answer((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const drip = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(drip));
    });
    const limits = { timeoutMs: durationMs(150), deadlineMs: durationMs(400) };
    const began = performance.now();
    await failure(testQuery(server.url, { connection: limits }));
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  test("an answer without end is cut off; so is one that is small only while packed", async () => {
    let sent = 0;
    server.answer((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const block = "x".repeat(1_000_000);
      const push = (): void => {
        while (!response.destroyed && sent < 2_000_000_000) {
          sent += block.length;
          if (!response.write(block)) return void response.once("drain", push);
        }
      };
      push();
    });
    const { message } = await failure(testQuery(server.url), 10 * MINUTE);
    expect(message).toMatch(/over the size limit/);
    expect(sent).toBeLessThan(200_000_000);
    const bomb = gzipSync(Buffer.alloc(100_000_000, " "));
    server.answer((_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb));
    expect((await failure(testQuery(server.url), 10 * MINUTE)).message).toMatch(/over the size limit/);
  });

  test("a good answer may be packed", async () => {
    server.answer(({ parameters }, response) => {
      const text = JSON.stringify({ status: "success", data: matrix(parameters, [() => 3]) });
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(text));
    });
    expect((await read(testQuery(server.url))).series.values).toHaveLength(60);
  });

  test("what is too much at once is asked for in halves", async () => {
    server.answer((request, response) => {
      const { parameters } = request;
      const points = (Number(parameters.get("end")) - Number(parameters.get("start"))) / 60 + 1;
      if (points > 20) {
        const error = "query processing would load too many samples into memory in query execution";
        sendJson(response, { status: "error", errorType: "execution", error }, 422);
      } else matrixOf((step) => step % 50)(request, response);
    });
    const { series } = await read(testQuery(server.url), 2 * HOUR);
    const first = series.startMs / MINUTE;
    expect(series.values).toHaveLength(120);
    expect(series.values.every((value, i) => value === (first + i) % 50)).toBe(true);
  });

  test("an interrupt ends the reading", async () => {
    server.answer(() => undefined);
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("interrupted")), 50);
    const query = { ...testQuery(server.url), nowMs: NOW, historyMs: HOUR, signal: stop.signal };
    await expect(readPrometheusHistory(query)).rejects.toThrow("interrupted");
  });
});

describe("answers that are none", () => {
  const ok = (data: unknown) => ({ status: "success", data });
  const series = (values: unknown) => ok({ resultType: "matrix", result: [{ metric: {}, values }] });
  test.each<[string, unknown, RegExp]>([
    ["cut off", '{"status":"success","data":{"resultType":"matr', /cut off or no JSON, 4 times/],
    ["empty", "", /cut off or no JSON/],
    ["a list", "[1,2]", /cut off or no JSON/],
    ["another program's", { ok: true }, /JSON that is no answer of Prometheus/],
    ["a page", "<!doctype html><title>Sign in</title>", /gives a web page, no data/],
    ["no data", { status: "success" }, /no answer of Prometheus/],
    ["null data", ok(null), /gives no result where a range/],
    ["a vector", ok({ resultType: "vector", result: [] }), /gives vector where a range/],
    ["no list", ok({ resultType: "matrix", result: "x" }), /gives matrix where a range/],
    ["null series", ok({ resultType: "matrix", result: [null] }), /samples that are no \[time, text\]/],
    ["numbers as numbers", series([[NOW / 1000, 5]]), /samples that are no/],
    ["empty numbers", series([[NOW / 1000, ""]]), /samples that are no/],
    ["words", series([[NOW / 1000, "many"]]), /samples that are no/],
    ["times as text", series([["now", "5"]]), /samples that are no/],
    ["off the grid", series([[NOW / 1000 - 1, "5"]]), /on the steps asked for/],
    ["from elsewhere", series([[60, "5"]]), /on the steps asked for/],
    [
      "histograms",
      ok({ resultType: "matrix", result: [{ metric: {}, histograms: [] }] }),
      /gives histograms, no numbers/,
    ],
    [
      "a crowd",
      ok({ resultType: "matrix", result: Array.from({ length: 101 }, () => ({ metric: {}, values: [] })) }),
      /gives 101 series/,
    ],
    ["an error with 200", { status: "error", errorType: "bad_data", error: "no\nway" }, /bad query: no way/],
  ])("%s", async (_, body, message) => {
    server.answer((_request, response) => sendJson(response, body));
    expect((await failure(testQuery(server.url))).message).toMatch(message);
  });

  test("NaN, infinity and numbers below zero are gaps, the last with a warning; zero is zero", async () => {
    const odd = ["NaN", "+Inf", "-Inf", "-3", "0", "1e3"];
    const from = NOW / MINUTE - 60;
    server.answer(matrixOf((step) => odd[step - from - 1] ?? "5"));
    const { series: demand, warnings } = await read(testQuery(server.url));
    expect([...demand.values.slice(0, 7)]).toEqual([5, NaN, NaN, NaN, NaN, 0, 1000]);
    expect(warnings).toEqual([expect.stringMatching(/values below zero are gaps$/)]);
  });

  test("steps without a sample are gaps, at the edges and inside; scale is a factor", async () => {
    const from = NOW / MINUTE - 60;
    server.answer(
      matrixOf((step) => (step < from + 10 || step % 4 === 0 || step > from + 50 ? undefined : 2)),
    );
    const { series: demand } = await read({ ...testQuery(server.url), scale: 0.5 });
    expect((demand.startMs - NOW) / MINUTE).toBeGreaterThanOrEqual(-50);
    expect(demand.startMs + demand.values.length * MINUTE).toBe(NOW);
    demand.values.forEach((value, i) => {
      const step = demand.startMs / MINUTE + i;
      expect(value).toBe(step % 4 === 0 || step > from + 50 ? Number.NaN : 1);
    });
  });
});

describe("said aside", () => {
  test("warnings and infos are passed on; a partial answer is a gap unless it is kept", async () => {
    const speak = (warnings: readonly string[], infos: readonly string[], more = {}) =>
      server.answer(({ parameters }, response) =>
        sendJson(response, {
          status: "success",
          data: matrix(parameters, [() => 4]),
          warnings,
          infos,
          ...more,
        }),
      );
    speak(["PromQL warning: odd"], ["PromQL info: metric might not be a counter"]);
    const told = await read(testQuery(server.url));
    expect(told.warnings.map((line) => line.replace(/^prometheus \S+: /, ""))).toEqual([
      "PromQL warning: odd",
      "PromQL info: metric might not be a counter",
    ]);
    expect(told.series.values).toHaveLength(60);
    speak(["store 2 did not answer"], []);
    expect((await failure(testQuery(server.url))).message).toMatch(/has no data/);
    const kept = await read(testQuery(server.url, { partial: "keep" }));
    expect(kept.series.values).toHaveLength(60);
    expect(kept.warnings).toEqual([expect.stringMatching(/store 2 did not answer/)]);
    speak([], [], { isPartial: true });
    expect((await failure(testQuery(server.url))).message).toMatch(/has no data/);
    expect(server.requests[0]?.parameters.get("partial_response")).toBe("false");
  });

  test("a clock behind ours: steps that have not ended there are left out; a minute of difference is said", async () => {
    const date = new Date(NOW - 150_000).toUTCString();
    server.answer(({ parameters }, response) =>
      sendJson(response, { status: "success", data: matrix(parameters, [() => 4]) }, 200, { date }),
    );
    const { series, warnings } = await read(testQuery(server.url, { wallNowMs: () => NOW }));
    expect([...series.values.slice(-4)]).toEqual([4, NaN, NaN, NaN]);
    expect(warnings).toEqual([expect.stringMatching(/its clock is about 2m30s behind this machine's/)]);
  });

  test("queries that are hardly meant so", async () => {
    const said = async (query: string) => (await read(testQuery(server.url, { query }))).warnings.join();
    expect(await said("sum(rate(x[5m]))")).toMatch(/\[5m\] is longer than the step of 1m/);
    expect(await said("sum(rate(x[30s]))")).toMatch(/\[30s\] is shorter than the step of 1m/);
    expect(await said("sum(rate(x[1m])) or vector(0)")).toMatch(/missing samples zero demand/);
    expect(await said("sum(increase(x[1m]))")).toMatch(/counts per range/);
    expect(await said('sum(rate(x{a="[5m] or vector(0)"}[1m]))')).toBe("");
  });
});
