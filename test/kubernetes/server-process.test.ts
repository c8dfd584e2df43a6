import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { groupAlive } from "../../src/apply/process-group.ts";
import { type ServerProcess, startServer } from "./cluster/server-process.ts";
import { until } from "./cluster/until.ts";

const DEADLINE = { deadlineMs: 20_000 };
let folder: string;
let servers: ServerProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tiercast-servers-"));
});
afterEach(async () => {
  for (const server of servers) await server.stop();
  servers = [];
  rmSync(folder, { recursive: true, force: true });
});

function start(script: string): ServerProcess {
  const server = startServer({ name: "fake", file: "/bin/sh", args: ["-c", script] }, folder);
  servers.push(server);
  return server;
}

test("a server that ends says so with the end of its log", async () => {
  const server = start("echo all is lost; exit 3");
  const ended = await until("it ended", DEADLINE, async () => server.ended());
  expect(ended).toBe("fake ended with 3: all is lost");
});

test("a program that is not there is an end too", async () => {
  const server = startServer({ name: "none", file: join(folder, "no-such"), args: [] }, folder);
  expect(await until("it ended", DEADLINE, async () => server.ended())).toContain("ENOENT");
});

test("a server that ignores SIGTERM, or is paused, is stopped with all that it started", async () => {
  const server = start("trap '' TERM; sleep 600 & echo up; wait; sleep 600");
  await logged("up");
  server.pause();
  await server.stop(200);
  await until("its group is gone", DEADLINE, async () => !groupAlive(server.pid));
});

test("paused it does nothing, resumed it goes on", async () => {
  const server = start("while :; do echo tick; sleep 0.05; done");
  await logged("tick");
  server.pause();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const before = log().length;
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(log().length).toBe(before);
  server.resume();
  await until("it goes on", DEADLINE, async () => log().length > before);
});

test.each(["SIGKILL", "SIGINT"] as const)(
  "a run ended by %s leaves no server and no folder",
  async (signal) => {
    const module = JSON.stringify(join(import.meta.dirname, "cluster/server-process.ts"));
    const program = `
    import { startServer, startWatch } from ${module};
    startWatch(${JSON.stringify(folder)});
    const script = "trap '' TERM INT; sleep 600 & wait; sleep 600";
    const { pid } = startServer({ name: "fake", file: "/bin/sh", args: ["-c", script] }, ${JSON.stringify(folder)});
    console.log(pid);
    setInterval(() => undefined, 1000);
  `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], { detached: true });
    const group = await new Promise<number>((resolve) =>
      child.stdout.once("data", (data: Buffer) => resolve(Number(data.toString()))),
    );
    expect(groupAlive(group)).toBe(true);
    // As a terminal does: to the whole foreground group.
    process.kill(-(child.pid ?? 0), signal);
    await until("all is gone", DEADLINE, async () => !groupAlive(group) && !existsSync(folder));
  },
);

function log(): string {
  return readFileSync(join(folder, "fake.log"), "utf8");
}

async function logged(text: string): Promise<void> {
  await until(`the log says ${text}`, DEADLINE, async () => log().includes(text));
}
