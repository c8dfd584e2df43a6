import { connect } from "node:net";
import { hostname } from "node:os";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, onTestFinished, test } from "vitest";
import type { HttpSources } from "../../src/http/routes.ts";
import { createApp, type HttpServer, startHttp } from "../../src/http/server.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { memoryLog } from "../../src/log.ts";
import type { DaemonStatus } from "../../src/model/status.ts";
import { UserError } from "../../src/model/user-error.ts";
import { watchProcess } from "../../src/process-watch.ts";
import { tempFolder } from "../journal/folders.ts";
import { bigRecordOf, recordOf } from "../journal/records.ts";
import { statusOf } from "./statuses.ts";

test("healthz: 200 while the loop makes progress, 503 with the reason after three intervals without", async () => {
  let nowMs = 0;
  const { url } = await start({ monotonicMs: () => nowMs });
  nowMs = 3_000;
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  nowMs = 3_001;
  const stalled = await fetch(`${url}/healthz`);
  expect(stalled.status).toBe(503);
  expect(await stalled.json()).toEqual({
    ok: false,
    reason: "no progress for 3 s, more than 3 intervals of 1 s",
  });
});

test("readyz: 503 names what is missing, 200 when journal, lease and first forecast are there", async () => {
  let status = statusOf({ ready: { forecast: false, journal: true, lease: false } });
  const { url } = await start({ status: () => status });
  const early = await fetch(`${url}/readyz`);
  expect(early.status).toBe(503);
  expect(await early.json()).toEqual({ ok: false, reason: "not there yet: lease, first forecast" });
  status = statusOf();
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

test("status, cycle and forecast come from the status and the journal", async () => {
  const folder = tempFolder();
  const journal = openJournal({ folder, retentionMs: 1e12 });
  onTestFinished(() => journal.close());
  const { url } = await start({ journal });
  expect((await fetch(`${url}/api/forecast`)).status).toBe(404);
  expect((await fetch(`${url}/api/cycles/last`)).status).toBe(404);
  journal.appendCycle(recordOf(1));
  journal.appendCycle(bigRecordOf(2));

  const status = await fetchJson(`${url}/api/status`);
  expect(status).toMatchObject({ apiVersion: "tiercast/v1", kind: "Status", ...statusOf() });
  expect(await fetchJson(`${url}/api/cycles/1`)).toEqual({
    apiVersion: "tiercast/v1",
    kind: "Cycle",
    ...recordOf(1),
  });
  expect(await fetchJson(`${url}/api/cycles/last`)).toMatchObject({ cycle: 2 });
  expect(await fetchJson(`${url}/api/forecast`)).toMatchObject({ cycle: 2, ...bigRecordOf(2).forecast });
  for (const [cycle, code] of [
    ["3", 404],
    ["0", 400],
    ["-1", 400],
    ["1e3", 400],
    ["9".repeat(20), 400],
    ["9".repeat(400), 414],
    ["..%2f..%2fetc", 400],
    ["__proto__", 400],
  ] as const)
    expect((await fetch(`${url}/api/cycles/${cycle}`)).status, cycle).toBe(code);
});

test("only GET, only this machine's name, small headers, no trace of the inside", async () => {
  const log = memoryLog();
  const broken = (): DaemonStatus => {
    throw new Error("secret detail");
  };
  const app = createApp(sourcesOf({ status: broken }), log);
  onTestFinished(() => app.close());
  const ask = (options: object) =>
    app.inject({ url: "/healthz", headers: { host: "localhost" }, ...options });

  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] as const) {
    const reply = await ask({ method, ...(method === "POST" ? { payload: "x".repeat(100_000) } : {}) });
    expect([method, reply.statusCode, reply.headers["allow"]]).toEqual([method, 405, "GET, HEAD"]);
  }
  expect((await ask({ headers: { host: "evil.example:80" } })).statusCode).toBe(421);
  expect((await ask({ headers: { host: "127.0.0.1.evil.example" } })).statusCode).toBe(421);
  expect((await ask({ url: "/nothing" })).statusCode).toBe(404);

  for (const url of ["/healthz", "/readyz", "/metrics", "/api/status"]) {
    const reply = await ask({ url });
    expect(reply.statusCode).toBe(500);
    expect(reply.json()).toEqual({ error: "internal error; the daemon's log says more" });
    expect(reply.headers["x-content-type-options"]).toBe("nosniff");
  }
  expect(log.lines[0]).toMatchObject({ level: "error", stage: "http" });
  expect(JSON.stringify(log.lines)).toContain("secret detail");
});

test("a request of 1 MB of headers, one of nonsense and one that never ends are let go", async () => {
  const { port } = await start({});
  expect(await raw(port, `GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ${"y".repeat(1_000_000)}`)).toMatch(
    /^HTTP\/1.1 431/,
  );
  expect(await raw(port, "\u0000\u0001nonsense\r\n\r\n")).toMatch(/^HTTP\/1.1 400/);
});

test("closes within a second while clients hang in half a request and on keep-alive", async () => {
  const server = await start({});
  await fetch(`${server.url}/healthz`);
  const sockets = Array.from({ length: 5 }, () => connect(server.port, "127.0.0.1"));
  for (const socket of sockets) {
    socket.on("error", () => undefined).write("GET /metrics HTTP/1.1\r\nhost: loc");
    onTestFinished(() => {
      socket.destroy();
    });
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  const started = performance.now();
  await server.close();
  expect(performance.now() - started).toBeLessThan(1_000);
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
});

test.each([
  "0.0.0.0",
  "::",
  "",
  "192.168.1.5",
  "example.org",
  "127.evil.example",
  "::ffff:127.0.0.1",
  hostname(),
])("refuses to bind %s, in one line", async (host) => {
  const error: unknown = await startHttp({ host, port: 0, sources: sourcesOf({}), log: memoryLog() }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).toMatch(/^UserError: http\.host ".*" is not a loopback address: [^\n]+$/);
});

test("a second server on the same port is refused in one line and the first one still answers", async () => {
  const first = await start({});
  const error: unknown = await startHttp({
    host: "localhost",
    port: first.port,
    sources: sourcesOf({}),
    log: memoryLog(),
  }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).toMatch(
    new RegExp(`^UserError: http\\.port ${first.port} on 127\\.0\\.0\\.1 is already in use: [^\\n]+$`),
  );
  expect((await fetch(`${first.url}/healthz`)).status).toBe(200);
});

test("5,000 scrapes leave no memory and no connection behind", async () => {
  const { url } = await start({});
  const scrape = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 10)
      await Promise.all(
        Array.from({ length: 10 }, async (_, j) => {
          const reply = await fetch(`${url}/${j % 2 === 0 ? "metrics" : "api/status"}`);
          expect(reply.status).toBe(200);
          await reply.text();
        }),
      );
  };
  await scrape(1_000);
  const before = settledHeapBytes();
  await scrape(5_000);
  expect(settledHeapBytes() - before).toBeLessThan(4 * 1024 * 1024);
  const sockets = process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap");
  expect(sockets.length).toBeLessThan(64);
}, 60_000);

test("the process watch sees a blocked event loop, once", async () => {
  const watch = watchProcess();
  onTestFinished(watch.close);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const until = performance.now() + 120;
  while (performance.now() < until); // Blocks on purpose.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(watch.read().eventLoopDelayP99Ms).toBeGreaterThan(60);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(watch.read().eventLoopDelayP99Ms).toBeLessThan(60);
  expect(watch.read().residentBytes).toBeGreaterThan(1_000_000);
});

function sourcesOf(over: Partial<HttpSources>): HttpSources {
  const status = statusOf();
  return {
    status: () => status,
    monotonicMs: () => 0,
    journal: { cycle: () => null, lastCycle: () => null },
    ...over,
  };
}

async function start(over: Partial<HttpSources>): Promise<HttpServer> {
  const server = await startHttp({ host: "127.0.0.1", port: 0, sources: sourcesOf(over), log: memoryLog() });
  onTestFinished(server.close);
  return server;
}

async function fetchJson(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}

function raw(port: number, request: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.on("data", (chunk) => {
      answer += chunk.toString();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer));
  });
}

function settledHeapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}
