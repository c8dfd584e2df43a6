import { appendFile, rename, writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withheldBelow } from "../../../src/model/activity.ts";
import { durationMs, epochMs } from "../../../src/model/time.ts";
import { createActivityDemand } from "../../../src/observe/activity/activity-demand.ts";
import { createDuplicates } from "../../../src/observe/activity/duplicates.ts";
import { createEndpointTemplates } from "../../../src/observe/activity/endpoint-template.ts";
import { createIntake } from "../../../src/observe/activity/intake.ts";
import { readActivity } from "../../../src/observe/activity/read-activity.ts";
import { classifyAgent } from "../../../src/observe/activity/user-agent.ts";
import { scratchFolder } from "../scratch.ts";
import { combined, madeIngest } from "./made-ingest.ts";

const scratch = scratchFolder();
const START = Date.UTC(2026, 2, 2);
const source = (path: string, follow = false) => ({ path, format: "auto" as const, fields: {}, follow });

describe("an event", () => {
  test("has templates, classes and the site's own referrer, and nothing else of the line", () => {
    const { take, events, ingest } = madeIngest();
    take([
      combined(0, { path: "/cart" }),
      combined(1, {
        path: "/orders/4711?mail=a@b.example",
        referrer: "https://shop.example/cart?x=1",
        tail: " rt=0.2",
      }),
    ]);
    ingest.flush();
    expect(events[1]).toEqual({
      atMs: START + 1000,
      user: events[0]?.user,
      method: "GET",
      endpoint: "/orders/:id",
      status: 200,
      bytes: 512,
      responseMs: 200,
      databaseMs: undefined,
      device: "desktop",
      agent: "browser",
      referrer: "/cart",
      sla: undefined,
      region: undefined,
    });
    expect(events[0]?.user).toMatch(/^[\w-]{22}$/);
  });

  test("region only with consent, and without it only demand where the settings say so", () => {
    const line = (consent: string) =>
      JSON.stringify({ time: START, ip: "203.0.113.9", path: "/", region: "de-by", consent, status: 200 });
    const privacy = { ...madePrivacy(), consentValues: ["granted"], withoutConsent: "demand-only" as const };
    const made = madeIngest({ more: { privacy } });
    made.take([line("granted"), line("denied"), line("")]);
    made.ingest.flush();
    expect(made.events.map(({ region }) => region)).toEqual(["DE-BY"]);
    expect(made.demand).toHaveLength(3);
    expect(made.ingest.counts().rejected["no-consent"]).toBe(2);
    const without = madeIngest();
    without.take([line("granted")]);
    without.ingest.flush();
    expect(without.events[0]?.region).toBeUndefined();
  });
});

function madePrivacy() {
  const day = durationMs(86_400_000);
  return { keyFile: undefined, keyEnv: undefined, rotateMs: day, overlapMs: day, k: 5 };
}

test("a class is kept once k users have it", () => {
  const made = madeIngest();
  made.take(
    Array.from({ length: 7 }, (_, i) => combined(i, { address: `203.0.113.${i}`, tail: " sla=gold" })),
  );
  made.take([
    combined(8, { tail: " sla=ann" }),
    combined(9, { tail: " sla=ann" }),
    combined(9, { tail: " sla=ann" }),
  ]);
  made.ingest.flush();
  const gold = [undefined, undefined, undefined, undefined, "gold", "gold", "gold"];
  expect(made.events.map(({ sla }) => sla)).toEqual([...gold, undefined, undefined, undefined]);
});

describe("order", () => {
  test("whatever the order within the window, events come sorted and none is lost", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(25), { minLength: 1, maxLength: 60 }), (delays) => {
        const made = madeIngest();
        made.take(delays.map((delay, i) => combined(100 + i - delay)));
        made.ingest.flush();
        const times = made.events.map(({ atMs }) => atMs);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(times).toHaveLength(delays.length);
      }),
      { numRuns: 50 },
    );
  });

  test("older than the window is late; a stamp a year ahead does not make the rest late", () => {
    const made = madeIngest();
    made.take([
      combined(100),
      combined(200),
      combined(50),
      combined(400 * 86_400),
      combined(201),
      combined(202),
    ]);
    made.ingest.flush();
    expect(made.events.map(({ atMs }) => (atMs - START) / 1000)).toEqual([100, 200, 201, 202]);
    expect(made.ingest.counts().rejected).toMatchObject({ late: 1, "bad-time": 1 });
  });

  test("a night of silence is no bad stamp", () => {
    const made = madeIngest();
    made.take([combined(0), combined(40_000), combined(40_001)]);
    made.ingest.flush();
    expect(made.events).toHaveLength(3);
  });
});

describe("duplicates", () => {
  test("by id always, by the whole line only where senders try again", () => {
    const made = madeIngest();
    made.take([combined(0), combined(0), combined(1, { tail: " id=a" }), combined(2, { tail: " id=a" })]);
    expect(made.ingest.counts().rejected.duplicate).toBe(1);
    const pushed = madeIngest();
    pushed.take([combined(0), combined(0)], "auto", true);
    expect(pushed.ingest.counts().rejected.duplicate).toBe(1);
  });

  test("the last ones are remembered whatever came before, and none is invented", () => {
    const seen = createDuplicates(1000, 5);
    const isRepeated = (text: string) => seen.isRepeated(Buffer.from(text), 0, text.length);
    let invented = 0;
    for (let i = 0; i < 50_000; i++) if (isRepeated(`line ${i}`)) invented++;
    expect(invented).toBe(0);
    let found = 0;
    for (let i = 49_100; i < 50_000; i++) if (isRepeated(`line ${i}`)) found++;
    expect(found).toBeGreaterThan(890);
  });
});

describe("endpoints", () => {
  test.each([
    ["/orders/4711", "/orders/:id"],
    ["/a/6f1c2b34-9a51-4b1f-8d55-2f0f3c1a9b77/b", "/a/:id/b"],
    ["/blog/2024-05-01/x", "/blog/:id/x"],
    ["/c/5d41402abc4b2a76b9719d911017c592.js", "/c/:id.js"],
    ["/users/jane", "/users/:id"],
    ["/x/jane.doe", "/x/:id"],
    ["/x/jane%40b.example", "/x/:id"],
    ["/api/v1/items", "/api/v1/items"],
    ["/page;jsessionid=AB12", "/page"],
    ["https://shop.example:443/cart?x", "/cart"],
    ["//a//b/", "/a/b"],
    ["*", "(other)"],
  ])("%s is %s", (target, endpoint) =>
    expect(createEndpointTemplates(100).templateOf(target, true)).toBe(endpoint),
  );

  test("are bounded; a scanner makes no names and takes none away", () => {
    const templates = createEndpointTemplates(300);
    expect(templates.templateOf("/home", true)).toBe("/home");
    for (let i = 0; i < 5000; i++)
      templates.templateOf(`/scan-${String.fromCharCode(97 + (i % 26), 97 + ((i / 26) % 26))}x`, false);
    expect(templates.size()).toBe(1);
    const words = Array.from(
      { length: 400 },
      (_, i) => `w${[...String(i)].map((d) => "abcdefghij"[Number(d)]).join("")}`,
    );
    for (const word of words) templates.templateOf(`/shop/${word}`, true);
    expect(templates.size()).toBeLessThan(110);
    expect(templates.templateOf("/shop/another", true)).toBe("/shop/:id");
    for (const word of words) templates.templateOf(`/${word}`, true);
    expect(templates.size()).toBeLessThanOrEqual(300);
    expect(templates.templateOf("/home", true)).toBe("/home");
  });
});

test.each([
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) Mobile/15E148 Safari/604.1", "mobile", "browser"],
  ["Mozilla/5.0 (iPad; CPU OS 17_5) Safari/604.1", "tablet", "browser"],
  ["Mozilla/5.0 (Windows NT 10.0) Chrome/126", "desktop", "browser"],
  ["Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "other", "declared-bot"],
  ["curl/8.5.0", "other", "tool"],
  ["Shop/7 CFNetwork/1490 Darwin/23.5.0", "other", "app"],
  ["?", "unknown", "unknown"],
])("%s", (text, device, agent) => expect(classifyAgent(text)).toEqual({ device, agent }));

describe("reading", () => {
  const lines = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `${combined(from + i)}\n`).join("");
  const read = async (path: string, more: object = {}) => {
    const made = madeIngest();
    await readActivity({
      source: source(path),
      ingest: made.ingest,
      signal: new AbortController().signal,
      ...more,
    });
    return made;
  };

  test("plain, several gzip files in one, standard input; the last line may lack its end", async () => {
    const packed = Buffer.concat([gzipSync(lines(0, 50)), gzipSync(lines(50, 50))]);
    expect((await read(await scratch.write("two.gz", packed))).events).toHaveLength(100);
    expect((await read(await scratch.write("a.log", lines(0, 9) + combined(9)))).events).toHaveLength(10);
    const input = Readable.from([packed.subarray(0, 1), packed.subarray(1)]);
    expect((await read("-", { input })).events).toHaveLength(100);
  });

  test("too long, NUL bytes and blank lines are left out, the rest is read", async () => {
    const bad = `${"x".repeat(70_000)}\n\u0000\n\n\r\n${"y".repeat(300_000)}\n`;
    const made = await read(await scratch.write("bad.log", lines(0, 5) + bad + lines(5, 5)));
    expect(made.events).toHaveLength(10);
    expect(made.ingest.counts().rejected).toMatchObject({ "too-long": 2, binary: 1, unparsable: 0 });
  });

  test("a damaged gzip file is an error of one line, and what was before it is kept", async () => {
    const path = await scratch.write("cut.gz", gzipSync(lines(0, 5000)).subarray(0, 4000));
    await expect(read(path)).rejects.toThrow(/gzip file ends too early/);
  });

  test("follows through growth, rename and cutting off; nothing is read while the reader is not ready", async () => {
    const path = await scratch.write("grow.log", lines(0, 3));
    const made = madeIngest();
    const stop = new AbortController();
    let lost = 0;
    const onLost = () => {
      lost++;
    };
    const done = readActivity({
      source: source(path, true),
      ingest: made.ingest,
      signal: stop.signal,
      pollMs: 5,
      onLost,
    });
    const until = (count: number) =>
      expect.poll(() => made.ingest.counts().lines, { timeout: 10_000 }).toBe(count);
    await until(3);
    await appendFile(path, lines(3, 2));
    await until(5);
    await rename(path, `${path}.1`);
    await appendFile(`${path}.1`, lines(5, 1));
    await writeFile(path, lines(6, 4));
    await until(10);
    await writeFile(path, lines(10, 1));
    await until(11);
    expect(lost).toBe(1);
    stop.abort();
    await done;
    expect(made.events).toHaveLength(11);
  });
});

describe("demand", () => {
  test("what was shed is a gap, never zero; silence is zero", async () => {
    const stepMs = durationMs(60_000);
    const demand = createActivityDemand("push", stepMs);
    for (const minute of [0, 1, 2, 5])
      for (let i = 0; i < 6; i++) demand.count(START + minute * 60_000 + i * 1000, 20);
    demand.lose(START + 2 * 60_000 + 30_000, START + 3 * 60_000);
    const { values } = await demand.source.read(epochMs(START + 6 * 60_000), 86_400_000);
    expect([...values]).toEqual([0.1, Number.NaN, Number.NaN, 0, 0.1]);
    expect(demand.lostSteps()).toBe(2);
  });

  test("is bounded", async () => {
    const demand = createActivityDemand("push", durationMs(1000), 100);
    for (let i = 0; i < 5000; i++) demand.count(START + i * 1000, Number.NaN);
    const { values } = await demand.source.read(epochMs(START + 5_000_000), 86_400_000);
    expect(values.length).toBeLessThanOrEqual(100);
    expect([...values]).toEqual(Array.from(values, () => 1));
  });
});

describe("a push", () => {
  const json = (i: number) => JSON.stringify({ time: START + i, ip: "203.0.113.9", path: "/a", status: 200 });
  const made = (maxWaitingBytes: number, whenReady?: () => Promise<void>) => {
    const inner = madeIngest();
    const demand = createActivityDemand("push", durationMs(60_000));
    const shared = { ingest: inner.ingest, fields: {}, demand, nowMs: () => START + 90_000 };
    return {
      ...inner,
      lost: demand,
      intake: createIntake({ ...shared, maxWaitingBytes, ...(whenReady && { whenReady }) }),
    };
  };

  test("is taken, and counts once when it is sent again", async () => {
    const { intake } = made(1e6);
    const body = Buffer.from(`${json(0)}\n${json(1)}\nnonsense\n`);
    expect(await intake.offer("lines", body)).toEqual({ kind: "taken", events: 2, rejected: 1 });
    expect(await intake.offer("lines", gzipSync(body))).toEqual({ kind: "taken", events: 0, rejected: 3 });
  });

  test("under pressure is turned away whole, and that is a gap", async () => {
    let open: (() => void) | undefined;
    const { intake, lost, ingest } = made(100, () => new Promise((resolve) => (open = resolve)));
    const first = intake.offer("lines", Buffer.from(json(0)));
    expect(await intake.offer("lines", Buffer.from(json(1)))).toEqual({ kind: "busy", retryAfterMs: 1000 });
    expect([intake.shed(), lost.lostSteps(), ingest.counts().lines]).toEqual([1, 1, 0]);
    open?.();
    expect(await first).toMatchObject({ kind: "taken", events: 1 });
  });

  test("OTLP logs tell requests by attributes or by a line; metrics come without attributes", async () => {
    const { intake, ingest, events } = made(1e6);
    const attribute = (key: string, value: object) => ({ key, value });
    const record = {
      timeUnixNano: `${START}000000`,
      attributes: [
        attribute("http.request.method", { stringValue: "POST" }),
        attribute("url.path", { stringValue: "/pay/4711" }),
        attribute("client.address", { stringValue: "203.0.113.9" }),
        attribute("http.response.status_code", { intValue: "201" }),
        attribute("http.server.request.duration", { doubleValue: 0.25 }),
      ],
    };
    const logs = {
      resourceLogs: [{ scopeLogs: [{ logRecords: [record, { body: { stringValue: combined(1) } }] }] }],
    };
    expect(await intake.offer("otlp-logs-json", Buffer.from(JSON.stringify(logs)))).toMatchObject({
      events: 2,
    });
    ingest.flush();
    expect(events[0]).toMatchObject({ method: "POST", endpoint: "/pay/:id", status: 201, responseMs: 250 });
    expect(await intake.offer("otlp-logs-json", Buffer.from("{}"))).toMatchObject({ kind: "bad" });
  });

  test("a bomb is refused", async () => {
    const { intake } = made(1e6);
    const bomb = gzipSync(Buffer.alloc(30 * 2 ** 20, 32));
    expect(await intake.offer("lines", bomb)).toMatchObject({ kind: "bad" });
  });
});

describe("groups of fewer than k users", () => {
  test("are withheld, and no shown total gives a small one away", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 12 }), fc.integer({ min: 2, max: 10 }), (sizes, k) => {
        const { shown, withheld } = withheldBelow(
          sizes.map((users) => ({ users })),
          k,
        );
        expect(shown.length + withheld.length).toBe(sizes.length);
        for (const { users } of shown) expect(users).toBeGreaterThanOrEqual(k);
        const hidden = withheld.reduce((sum, { users }) => sum + users, 0);
        if (shown.length > 0 && withheld.length > 0) expect(hidden).toBeGreaterThanOrEqual(k);
      }),
    );
  });
});
