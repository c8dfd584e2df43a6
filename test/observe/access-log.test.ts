import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { durationMs, epochMs } from "../../src/model/time.ts";
import { UserError } from "../../src/model/user-error.ts";
import { readAccessLog } from "../../src/observe/access-log.ts";
import { parseLogLine } from "../../src/observe/access-log-line.ts";
import { createFileSource } from "../../src/observe/file-source.ts";
import { countLatency, type LatencySteps, latencyAt } from "../../src/observe/log-latency.ts";
import { scratchFolder } from "./scratch.ts";

const STEP = 300_000;
const START = Date.UTC(2026, 2, 2);
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const scratch = scratchFolder();

/** `atMs` as an access log stamps it, on a clock `offsetHours` from UTC. */
function stamp(atMs: number, offsetHours = 0): string {
  const iso = new Date(atMs + offsetHours * 3_600_000).toISOString();
  const zone = `${offsetHours < 0 ? "-" : "+"}${String(Math.abs(offsetHours)).padStart(2, "0")}00`;
  const month = MONTHS[Number(iso.slice(5, 7)) - 1];
  return `[${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} ${zone}]`;
}

function common(atMs: number, path = "/", offsetHours = 0): string {
  return `203.0.113.9 - ann ${stamp(atMs, offsetHours)} "GET ${path} HTTP/1.1" 200 512`;
}

/** One request every 30 s for four whole steps. */
const STEADY = Array.from({ length: 40 }, (_, i) => common(START + i * 30_000));

async function read(lines: readonly string[] | Uint8Array) {
  const content = lines instanceof Uint8Array ? lines : `${lines.join("\n")}\n`;
  return readAccessLog({ path: await scratch.write("a.log", content), stepMs: STEP });
}

async function failure(lines: readonly string[] | Uint8Array): Promise<string> {
  const error = await read(lines).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).message).not.toContain("\n");
  return (error as UserError).message.replace(scratch.path("a.log"), "a.log");
}

describe("a line", () => {
  const at = Date.UTC(2000, 9, 10, 20, 55, 36);
  test.each([
    [
      '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326',
      "/apache_pb.gif",
    ],
    [
      '::1 - - [10/Oct/2000:20:55:36 +0000] "GET /a/b?c=/d HTTP/1.0" 200 - "http://x/" "Agent [x] \\"q\\""',
      "/a",
    ],
    ['host - a user [x] [10/Oct/2000:20:55:36 +0000] "POST /shop?id=9 HTTP/2.0" 302 0', "/shop"],
    ['host - - [10/Oct/2000:20:55:36 +0000] "GET /a\\"b HTTP/1.0" 404 0', "(other)"],
    ['host - - [10/Oct/2000:20:55:36 +0000] "GET / HTTP/1.0" 200 0', "/"],
    ['host - - [10/Oct/2000:20:55:36 +0000] "GET http://h.example/img/a.png HTTP/1.0" 200 0', "/img"],
    ['host - - [10/Oct/2000:20:55:36 +0000] "OPTIONS * HTTP/1.0" 200 0', "(other)"],
    ['host - - [10/Oct/2000:20:55:36 +0000] "-" 408 -', "(other)"],
    ['host - - [10/Oct/2000:20:55:36 +0000] "GET /old" 200 1', "/old"],
    ['{"time":"2000-10-10T20:55:36Z","path":"/cart/3","status":200,"ip":"203.0.113.9"}', "/cart"],
    ['{"ts":971211336,"uri":"/cart?x=1"}', "/cart"],
  ])("%s", (line, endpoint) => expect(parseLogLine(line)).toEqual({ atMs: at, endpoint }));

  test.each([
    "",
    "hello",
    '{"time":"never","path":"/"}',
    "{",
    'h - - [10/Okt/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1',
    'h - - [10/Oct/2000:25:55:36 -0700] "GET / HTTP/1.0" 200 1',
    'h - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0',
    'h - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" abc 1',
    'h - - [10/Oct/2000:13:55:36] "GET / HTTP/1.0" 200 1',
  ])("%j is no request", (line) => expect(parseLogLine(line)).toBeUndefined());

  test("whatever the text, it is a request at a time or none, and never more than endpoint and time", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        for (const line of [text, common(at, text), `{"time":${at},"path":${JSON.stringify(text)}}`]) {
          const request = parseLogLine(line);
          if (request === undefined) continue;
          expect(Object.keys(request).sort()).toEqual(["atMs", "endpoint"]);
          expect(request.endpoint).toMatch(/^(?:\/[\x21-\x7e]{0,59}|\(other\))$/);
        }
      }),
    );
  });
});

describe("how long a request took", () => {
  const line = (rest: string) =>
    parseLogLine(`h - - ${stamp(START)} "GET /a?rt=9 HTTP/1.1" 200 512${rest}`)?.latencyMs;
  test.each<[string, number | undefined]>([
    [' "-" "curl" rt=0.123', 123],
    [' "-" "curl" rt="2" uct="0.001"', 2000],
    [" request_time=0.040, upstream=0.039", 40],
    [" xrt=1", undefined],
    [" rt=-", undefined],
    [" 0.123", undefined],
    ["", undefined],
  ])("after the request: %s", (rest, expected) => expect(line(rest)).toBe(expected));

  test.each<[string, number | undefined]>([
    ['"request_time": 0.25', 250],
    ['"request_time": "0.25"', 250],
    ['"duration_ms": 12', 12],
    ['"responseTimeMs": 7.5', 7.5],
    ['"latency_s": 2', 2000],
    ['"durationSeconds": 0.5', 500],
    ['"duration": 0.5', undefined],
    ['"duration_ms": -1', undefined],
    ['"duration_ms": ""', undefined],
    ['"duration_ms": null', undefined],
    ['"duration_ms": 1e999', undefined],
  ])("in JSON: %s", (field, expected) => {
    expect(parseLogLine(`{"time": ${START}, "path": "/a", ${field}}`)?.latencyMs).toBe(expected);
  });

  test("is counted by step, in bounded memory, the newest kept", () => {
    const steps: LatencySteps = new Map();
    for (let step = 0; step < 50_000; step++) countLatency(steps, step, 100);
    expect(steps.size).toBeLessThanOrEqual(20_000);
    countLatency(steps, 1, 100);
    expect(steps.has(1)).toBe(false);
    expect(latencyAt(steps, STEP, 50_000 * STEP)?.requests).toBe(1);
    expect(latencyAt(steps, STEP, 50_001 * STEP)?.toMs).toBe(50_000 * STEP);
    expect(latencyAt(steps, STEP, 50_002 * STEP)).toBeUndefined();
  });

  test("reaches a source's observation, of the last whole step only", async () => {
    const slow = STEADY.map((text, at) => `${text} rt=${at < 20 ? "0.050" : "0.400"}`);
    const path = await scratch.write("slow.log", `${slow.join("\n")}\n`);
    const kind = "access-log" as const;
    const source = createFileSource({ kind, path, stepMs: durationMs(STEP), timeZone: "UTC" });
    expect(source.latency?.(epochMs(START + 2 * STEP))).toBeUndefined();
    await source.read(epochMs(START + 2 * STEP), 86_400_000);
    const at = (steps: number) => source.latency?.(epochMs(START + steps * STEP + 5));
    expect(at(2)).toMatchObject({ fromMs: START + STEP, toMs: START + 2 * STEP, requests: 10 });
    expect(at(2)?.p95Ms).toBeLessThan(60);
    expect(at(3)?.p50Ms).toBeGreaterThan(350);
  });
});

describe("demand from a log", () => {
  test("requests per step over its seconds", async () => {
    const { series, lines, warnings } = await read(STEADY);
    expect(series.startMs).toBe(START);
    expect([...series.values]).toEqual([1, 1, 1, 1].map(() => 10 / 300));
    expect(lines).toEqual({ counted: 40, unparsable: 0, tooLong: 0, late: 0 });
    expect(warnings).toEqual([]);
  });

  test("zones in the stamps, any order and gzip do not change it", async () => {
    const expected = (await read(STEADY)).series;
    const zoned = STEADY.map((_, i) => common(START + i * 30_000, "/", [0, 2, -7][i % 3]));
    expect((await read(zoned)).series).toEqual(expected);
    expect((await read(STEADY.toReversed())).series).toEqual(expected);
    expect((await read(gzipSync(`${STEADY.join("\r\n")}\r\n`))).series).toEqual(expected);
  });

  test("the steps in which the log begins and ends are left out", async () => {
    const cut = Array.from({ length: 50 }, (_, i) => common(START + 150_000 + i * 30_000));
    const { series } = await read(cut);
    expect(series.startMs).toBe(START + STEP);
    expect(series.values).toHaveLength(4);
  });

  test("short silence is zero demand, long silence a gap", async () => {
    const busyThenSilent = [
      ...Array.from({ length: 100 }, (_, i) => common(START + i * 3000)),
      ...Array.from({ length: 100 }, (_, i) => common(START + 3 * STEP + i * 3000)),
      ...Array.from({ length: 101 }, (_, i) => common(START + 20 * STEP + i * 3000)),
    ];
    const { series } = await read(busyThenSilent);
    const values = [...series.values];
    expect(values.slice(0, 4)).toEqual([100 / 300, 0, 0, 100 / 300]);
    expect(values.slice(4, 20).every(Number.isNaN)).toBe(true);
    expect(values[20]).toBeCloseTo(100 / 300, 12);
  });

  test("lines that are no request and lines over 64 KiB are counted, named once and left out", async () => {
    const path = `/${"x".repeat(1_000_000)}`;
    const { lines, warnings, series } = await read([
      ...STEADY,
      common(START, path),
      "203.0.113.9 broken line",
      "x",
    ]);
    expect(lines).toMatchObject({ counted: 40, unparsable: 2, tooLong: 1 });
    expect(warnings.map((line) => line.replace(scratch.path("a.log"), "a.log"))).toEqual([
      'a.log:42: 2 lines are no requests, the first is "broken line"',
      "a.log: 1 lines of over 64 KiB were left out",
    ]);
    expect(series.values[0]).toBeCloseTo(10 / 300, 12);
  });

  test("nothing of the client comes out", async () => {
    const result = await read([...STEADY, "203.0.113.9 2001:db8::1:2 by 198.51.100.7 x"]);
    expect(JSON.stringify(result)).not.toMatch(/203\.0\.113|198\.51\.100|2001:db8|ann/);
  });

  test("endpoints: the 200 most asked for, the rest as one", async () => {
    const scan = Array.from({ length: 6000 }, (_, i) =>
      common(START + i * 200, i % 2 === 0 ? "/home/x" : `/s${i}`),
    );
    const { endpoints } = await read(scan);
    expect(endpoints[0]).toEqual({ endpoint: "/home", count: 3000 });
    expect(endpoints).toHaveLength(201);
    expect(endpoints.at(-1)?.endpoint).toBe("(other)");
    expect(endpoints.reduce((sum, { count }) => sum + count, 0)).toBe(6000);
  });
});

describe("what is no log", () => {
  test.each([
    ["empty", [] as string[], "a.log:1: has only blank lines (give a log with a line per request)"],
    [
      "no request",
      ["id,name", "1,a"],
      'a.log:1: no line is a request, the first is "id,name" (write common or combined log format, or JSON lines with time and path)',
    ],
    [
      "one huge line",
      ["x".repeat(1_000_000)],
      "a.log:1: has only lines of over 64 KiB (give a log with a line per request)",
    ],
    ["too short", STEADY.slice(0, 4), "a.log: covers 1m30s, not two whole steps of 5m (give a longer log)"],
    [
      "a stamp of another age",
      [...STEADY, common(Date.UTC(2099, 0, 1))],
      "a.log: spans 7661664 steps of 5m (is a time stamp wrong? or choose a longer step)",
    ],
  ])("%s", async (_, lines, message) => {
    expect(await failure(lines)).toBe(message);
  });

  test("zero bytes, binary, truncated gzip", async () => {
    expect(await failure(new Uint8Array())).toBe("a.log: is empty (give a log with requests)");
    expect(await failure(Uint8Array.from({ length: 300 }, (_, i) => i % 9))).toMatch(
      /^a\.log:1: is binary, not text/,
    );
    const zipped = gzipSync(STEADY.join("\n"));
    expect(await failure(zipped.subarray(0, zipped.length - 60))).toMatch(/: the gzip file ends too early/);
  });
});

test("counting keeps every request of whole steps, whatever the order", async () => {
  const offsets = fc.array(fc.integer({ min: 0, max: 6 * 300 - 1 }), { minLength: 200, maxLength: 400 });
  await fc.assert(
    fc.asyncProperty(offsets, async (seconds) => {
      const all = [0, ...seconds, 6 * 300 - 1];
      const { series } = await read(all.map((second) => common(START + second * 1000)));
      const total = series.values.reduce((sum, value) => sum + value * 300, 0);
      expect(series.values).toHaveLength(6);
      expect(total).toBeCloseTo(all.length, 6);
    }),
    { numRuns: 20 },
  );
});
