import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createPrewarmRunner } from "../../src/apply/prewarm-task.ts";
import type { PrewarmAction, PrewarmRequest } from "../../src/model/prewarm.ts";

const REQUEST: PrewarmRequest = {
  service: "shop",
  planId: "peak-2026-03-03T06:00Z",
  task: "images",
  count: 5,
  units: 12,
  peak: "2026-03-03T06:00:00.000Z",
  deadline: "2026-03-03T05:00:00.000Z",
  reason: "12 units",
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tiercast-prewarm-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const environment = { PATH: process.env["PATH"], HOME: "/nowhere", SECRET: "hunter2" };

function run(action: PrewarmAction, timeoutMs = 5_000, signal = new AbortController().signal) {
  const task = { name: "images", action, leadMs: 0, perUnit: 0, timeoutMs };
  return createPrewarmRunner({ environment }).run(task, REQUEST, signal);
}

const command = (...argv: readonly string[]): PrewarmAction => ({ kind: "command", argv });
const node = (code: string, ...args: readonly string[]) => command(process.execPath, "-e", code, ...args);

describe("a command", () => {
  test("gets the request as its input, its arguments as they are, and none of the daemon's secrets", async () => {
    const out = join(folder, "out.json");
    const code =
      "const i=require('fs').readFileSync(0,'utf8');require('fs').writeFileSync(process.argv[1]," +
      "JSON.stringify({i:JSON.parse(i),a:process.argv.slice(2),e:Object.keys(process.env)}))";
    expect(await run(node(code, out, "$HOME; rm -rf x"))).toEqual({ kind: "done", note: "exit 0" });
    const seen = JSON.parse(readFileSync(out, "utf8"));
    expect(seen.i).toEqual(REQUEST);
    expect(seen.a).toEqual(["$HOME; rm -rf x"]);
    expect(seen.e).toContain("PATH");
    expect(seen.e).not.toContain("SECRET");
  });

  test("that fails says how, and nothing of what it printed", async () => {
    expect(await run(node("console.error('password hunter2');process.exit(3)"))).toEqual({
      kind: "failed",
      note: "exit 3",
    });
    expect(await run(command(join(folder, "absent")))).toEqual({ kind: "failed", note: "ENOENT" });
    expect(await run(node("process.kill(process.pid,'SIGKILL')"))).toEqual({
      kind: "failed",
      note: "ended by SIGKILL",
    });
  });

  test("that does not end is ended, with what it started, also where it does not listen", async () => {
    const pidFile = join(folder, "pid");
    const code =
      "process.on('SIGTERM',()=>{});const c=require('child_process').spawn(process.execPath," +
      "['-e','setInterval(()=>{},1e3)']);require('fs').writeFileSync(process.argv[1],String(c.pid));" +
      "setInterval(()=>{},1e3)";
    expect(await run(node(code, pidFile), 1_500)).toEqual({ kind: "failed", note: "no end within 1500 ms" });
    const pid = Number(readFileSync(pidFile, "utf8"));
    const isGone = () => {
      try {
        return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.startsWith("Z") ?? true;
      } catch {
        return true;
      }
    };
    await expect.poll(isGone, { timeout: 5_000 }).toBe(true);
  });

  test("that floods is ended", async () => {
    const flood = "for(;;) require('fs').writeSync(1, Buffer.alloc(65536))";
    const { kind, note } = await run(node(flood));
    expect([kind, note]).toEqual(["failed", "said more than 1048576 bytes"]);
  });

  test("ends with the daemon", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    const ending = await run(node("setInterval(()=>{},1e3)"), 60_000, stop.signal);
    expect(ending.kind).toBe("failed");
  });
});

describe("a webhook", () => {
  let server: Server;
  let url: string;
  let status = 200;
  const calls: { readonly headers: IncomingMessage["headers"]; readonly body: string }[] = [];

  beforeEach(async () => {
    calls.length = 0;
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        calls.push({ headers: request.headers, body });
        if (status === 0) return;
        response.writeHead(status, { location: "/elsewhere" });
        response.end("x".repeat(100_000));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=hunter2`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  test("is a POST of the request with its token and a key that repeats", async () => {
    status = 202;
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "s3cret\n");
    const ending = await run({ kind: "webhook", url, tokenFile });
    expect(ending).toEqual({ kind: "done", note: "status 202" });
    expect(JSON.parse(calls[0]?.body ?? "")).toEqual(REQUEST);
    expect(calls[0]?.headers).toMatchObject({
      authorization: "Bearer s3cret",
      "content-type": "application/json",
      "idempotency-key": "shop/peak-2026-03-03T06:00Z/images",
    });
  });

  test.each([
    [500, "status 500"],
    [302, "status 302"],
    [0, "no end within 400 ms"],
  ])("that answers %i failed", async (answer, note) => {
    status = answer;
    expect(await run({ kind: "webhook", url, tokenFile: undefined }, 400)).toEqual({ kind: "failed", note });
    expect(calls).toHaveLength(1);
  });

  test("that is not there, or whose token is not, failed, and no word of the address gets out", async () => {
    server.close();
    const closed = await run({ kind: "webhook", url, tokenFile: undefined });
    expect(closed).toEqual({ kind: "failed", note: "ECONNREFUSED" });
    const tokenFile = join(folder, "absent");
    const tokenless = await run({ kind: "webhook", url, tokenFile });
    expect(tokenless).toEqual({ kind: "failed", note: "its tokenFile cannot be read" });
  });
});
