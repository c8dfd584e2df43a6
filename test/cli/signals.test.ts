import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CliPlace, openPlace, writeDemandAndConfig } from "./run-cli.ts";

const ROOT = join(import.meta.dirname, "..", "..");
let place: CliPlace;
const started: ChildProcess[] = [];

beforeAll(async () => {
  place = await openPlace();
  await writeDemandAndConfig(place);
});

afterAll(async () => {
  for (const child of started) child.kill("SIGKILL");
  await place.remove();
});

function start(...args: readonly string[]): ChildProcess {
  const base = join(place.folder, "..");
  const child = spawn(join(ROOT, "node_modules", ".bin", "node"), [join(ROOT, "src", "main.ts"), ...args], {
    cwd: place.folder,
    env: {
      PATH: "/nowhere",
      HOME: base,
      XDG_STATE_HOME: join(base, "state"),
      XDG_CACHE_HOME: join(base, "cache"),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  return child;
}

function lineWith(stream: NodeJS.ReadableStream | null, words: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    stream?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(words)) resolve(text);
    });
    stream?.on("end", () => reject(new Error(`ended without "${words}": ${text}`)));
  });
}

test("the daemon: a line per cycle, refuses a second one, tells the truth, ends well on SIGTERM", async () => {
  const daemon = start("run");
  const ended = once(daemon, "exit");
  const [line, log] = await Promise.all([
    lineWith(daemon.stdout, "cycle 1 "),
    lineWith(daemon.stderr, "serving on http://127.0.0.1:"),
  ]);
  expect(line).toMatch(/demand [\d.]+ rps, next [\d.]+ \(.*cycle 1 engine-missing/);
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(log)?.[0];
  expect((await fetch(`${url}/healthz`)).status).toBe(200);

  const second = await place.run(["run"]);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(`pid ${daemon.pid}`);
  expect((await place.run(["status"])).stdout).toMatch(
    new RegExp(`^daemon +running \\(pid ${daemon.pid}`, "m"),
  );

  daemon.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
  expect((await place.run(["status"])).stdout).toMatch(/^daemon +not running/m);
});

test("a daemon that was killed is not said to run", async () => {
  const daemon = start("run", "-o", "json");
  const ended = once(daemon, "exit");
  const line = await lineWith(daemon.stdout, "\n");
  expect(JSON.parse(line)).toMatchObject({ apiVersion: "tiercast/v1", kind: "Cycle" });
  daemon.kill("SIGKILL");
  await ended;
  const { code, stdout } = await place.run(["status"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^daemon +not running: process \d+ .* is gone; what follows is its last word/m);
});

test("backtest, interrupted: exit 8", async () => {
  const rows = Array.from(
    { length: 24 * 60 },
    (_, hour) => `${new Date(hour * 3_600_000).toISOString()},${50 + 20 * Math.sin(hour / 4)}`,
  );
  await place.write("long.csv", ["timestamp,value", ...rows, ""].join("\n"));
  const child = start("backtest", "long.csv", "--origins", "300", "--horizons", "1h");
  const ended = once(child, "exit");
  await lineWith(child.stderr, "origins [");
  child.kill("SIGINT");
  expect(await ended).toEqual([8, null]);
});

test("a reader that goes away is no error", async () => {
  const child = start("schema");
  const ended = once(child, "exit");
  child.stdout?.destroy();
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  expect(await ended).toEqual([0, null]);
  expect(errors).toBe("");
});
