import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { LoadSecond } from "../../src/local/load-messages.ts";
import { type LoadRun, startLoad } from "../../src/local/start-load.ts";

let server: Server;
let load: LoadRun | undefined;

afterEach(async () => {
  await load?.stop(100);
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

async function serve(delayMs: number, paths: Map<string, number> = new Map()): Promise<string> {
  server = createServer((request, response) => {
    const path = request.url ?? "";
    paths.set(path, (paths.get(path) ?? 0) + 1);
    setTimeout(() => response.end("ok"), delayMs);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function total(
  seconds: readonly LoadSecond[],
  count: "scheduled" | "sent" | "ok" | "failed" | "dropped",
): number {
  return seconds.reduce((sum, second) => sum + second[count], 0);
}

test("sends what is asked, to the endpoints asked", async () => {
  const paths = new Map<string, number>();
  const seconds: LoadSecond[] = [];
  load = await startLoad({
    routerUrl: await serve(5, paths),
    onSecond: (second) => void seconds.push(second),
  });
  load.schedule({ startWallMs: Date.now(), durationMs: 1_000, counts: { JFK: 40, LAX: 20 } });
  await expect.poll(() => total(seconds, "ok"), { timeout: 6_000 }).toBe(60);
  expect(Object.fromEntries(paths)).toEqual({ "/JFK": 40, "/LAX": 20 });
  expect(total(seconds, "failed") + total(seconds, "dropped")).toBe(0);
});

test("is an open loop: a server that does not answer does not slow it down", async () => {
  const paths = new Map<string, number>();
  const seconds: LoadSecond[] = [];
  load = await startLoad({
    routerUrl: await serve(60_000, paths),
    onSecond: (second) => void seconds.push(second),
  });
  load.schedule({ startWallMs: Date.now(), durationMs: 500, counts: { JFK: 100 } });
  await expect.poll(() => paths.get("/JFK"), { timeout: 6_000 }).toBe(100);
  expect(total(seconds, "ok")).toBe(0);
});

test("drops and says so past its limit of outstanding requests", async () => {
  const paths = new Map<string, number>();
  const seconds: LoadSecond[] = [];
  const routerUrl = await serve(60_000, paths);
  load = await startLoad({ routerUrl, maxOutstanding: 10, onSecond: (second) => void seconds.push(second) });
  load.schedule({ startWallMs: Date.now(), durationMs: 200, counts: { JFK: 30 } });
  await expect.poll(() => total(seconds, "scheduled"), { timeout: 6_000 }).toBe(30);
  expect([total(seconds, "sent"), total(seconds, "dropped")]).toEqual([10, 20]);
});

test("latency counts from when a request was due", async () => {
  const seconds: LoadSecond[] = [];
  load = await startLoad({ routerUrl: await serve(0), onSecond: (second) => void seconds.push(second) });
  load.schedule({ startWallMs: Date.now() - 1_000, durationMs: 1, counts: { JFK: 20 } });
  await expect.poll(() => total(seconds, "ok"), { timeout: 6_000 }).toBe(20);
  expect(Math.max(...seconds.map(({ p50Ms }) => p50Ms))).toBeGreaterThan(900);
});

test("nobody listening: failures are counted, the generator goes on and ends when told", async () => {
  const seconds: LoadSecond[] = [];
  const routerUrl = await serve(0);
  await new Promise((done) => server.close(done));
  load = await startLoad({ routerUrl, onSecond: (second) => void seconds.push(second) });
  load.schedule({ startWallMs: Date.now(), durationMs: 100, counts: { JFK: 10 } });
  await expect.poll(() => total(seconds, "failed"), { timeout: 6_000 }).toBe(10);
  await load.stop();
  await load.ended;
});
