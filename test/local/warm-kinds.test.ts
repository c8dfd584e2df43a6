import { existsSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { callControl } from "../../src/local/control-client.ts";
import type { Endpoint } from "../../src/local/endpoint-file.ts";
import { socketPath } from "../../src/local/warm-kinds.ts";
import type { WarmKindState, WarmTarget } from "../../src/model/warm.ts";
import { createTestPlatform, isRunning, type TestPlatform } from "./platform.fixture.ts";

/** A database as far as a connection sees one: greets where asked, echoes, has a limit, can go away. */
interface Database {
  readonly port: number;
  readonly open: ReadonlySet<Socket>;
  accepted: number;
  /** Connections beyond this are told so and closed. */
  limit: number;
  /** Says nothing to a greeting while set. */
  mute: boolean;
  stop(): Promise<void>;
  start(): Promise<void>;
}

async function startDatabase(): Promise<Database> {
  const open = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const database = {
    open,
    accepted: 0,
    limit: Number.POSITIVE_INFINITY,
    mute: false,
    get port() {
      return port;
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server?.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
    start: () =>
      new Promise<void>((resolve, reject) => {
        server = createServer((socket) => accept(database, open, socket));
        server.once("error", reject);
        server.listen(port, "127.0.0.1", () => {
          port = (server?.address() as AddressInfo | undefined)?.port ?? 0;
          resolve();
        });
      }),
  };
  await database.start();
  return database;
}

function accept(database: Database, open: Set<Socket>, socket: Socket): void {
  database.accepted += 1;
  socket.on("error", () => socket.destroy());
  if (open.size >= database.limit) {
    socket.end("-ERR max number of clients reached\r\n");
    return;
  }
  open.add(socket);
  socket.once("close", () => open.delete(socket));
  socket.on("data", (data) => {
    const text = data.toString();
    if (text === "HELLO" && !database.mute) socket.write("+OK");
    else if (text !== "HELLO") socket.write(`echo ${text}`);
  });
}

let platform: TestPlatform;
let endpoint: Endpoint;
let database: Database;

beforeEach(async () => {
  platform = createTestPlatform();
  endpoint = await platform.start();
  await platform.plan(1);
  database = await startDatabase();
});

afterEach(async () => {
  await platform.close();
  await database.stop();
});

const patience = { interval: 20, timeout: 8_000 };
const GREETING = {
  sendHex: Buffer.from("HELLO").toString("hex"),
  untilHex: Buffer.from("+OK").toString("hex"),
};

function want(count: number, patch: Partial<WarmTarget> = {}, more: object = {}): Promise<unknown> {
  const target = { host: "127.0.0.1", port: database.port, hello: null, connectTimeoutMs: 500, ...patch };
  const request = { count, minCount: 0, ttlWallMs: null, expiresMs: null, reason: "test", target };
  return callControl(platform.endpointFile, "PUT", "/kinds/db", { ...request, planGeneration: 1, ...more });
}

async function db(): Promise<WarmKindState> {
  const state = (await platform.state()).warmKinds?.["db"];
  if (state === undefined) throw new Error("no such kind");
  return state;
}

const idle = async () => (await db()).idleCount;

async function taker(): Promise<Socket> {
  const socket = connect(socketPath(platform.endpointFile, "db"));
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return socket;
}

function answer(socket: Socket, question: string): Promise<string> {
  socket.write(question);
  return new Promise((resolve, reject) => {
    socket.once("data", (data) => resolve(data.toString()));
    socket.once("close", () => reject(new Error("closed")));
  });
}

describe("idle connections", () => {
  test("are opened and closed to what is wanted, really", async () => {
    await want(5);
    await expect.poll(idle, patience).toBe(5);
    await expect.poll(() => database.open.size, patience).toBe(5);
    await want(2);
    await expect.poll(() => database.open.size, patience).toBe(2);
    expect(await db()).toMatchObject({
      wantedCount: 2,
      idleCount: 2,
      inUseCount: 0,
      brokenCount: 0,
      note: "",
    });
    await callControl(platform.endpointFile, "DELETE", "/kinds/db");
    await expect.poll(() => database.open.size, patience).toBe(0);
    expect(existsSync(socketPath(platform.endpointFile, "db"))).toBe(false);
    expect((await platform.state()).warmKinds).toEqual({});
  });

  test("are handed out without a new connect, replaced, and dialled for when there is none", async () => {
    await want(2);
    await expect.poll(idle, patience).toBe(2);
    await expect.poll(() => database.accepted, patience).toBe(2);
    const first = await taker();
    expect(await answer(first, "a")).toBe("echo a");
    await expect.poll(async () => [await idle(), (await db()).inUseCount], patience).toEqual([2, 1]);
    await expect.poll(() => database.accepted, patience).toBe(3);
    await want(0);
    await expect.poll(idle, patience).toBe(0);
    const second = await taker();
    expect(await answer(second, "b")).toBe("echo b");
    expect(await answer(first, "c")).toBe("echo c");
    first.destroy();
    second.destroy();
    await expect.poll(() => database.open.size, patience).toBe(0);
    expect((await db()).inUseCount).toBe(0);
  });

  test("that greet count as idle once they are answered, and the answer is not the taker's", async () => {
    database.mute = true;
    await want(3, { hello: GREETING });
    await expect.poll(async () => (await db()).note, patience).toMatch(/not open within 500 ms/);
    expect((await db()).idleCount).toBe(0);
    database.mute = false;
    await expect.poll(idle, patience).toBe(3);
    const socket = await taker();
    expect(await answer(socket, "select 1")).toBe("echo select 1");
    socket.destroy();
  });

  test("expire by themselves, down to the least", async () => {
    await want(4, {}, { minCount: 1, ttlWallMs: 1_500 });
    await expect.poll(idle, patience).toBe(4);
    await expect.poll(() => database.open.size, patience).toBe(1);
    expect((await db()).wantedCount).toBe(1);
  });

  test("a plan that is not the current one is refused", async () => {
    await expect(want(1, {}, { planGeneration: 9 })).rejects.toThrow(/generation 9 is refused/);
    await expect(want(5_000)).rejects.toThrow(/count/);
    expect((await platform.state()).warmKinds).toBeUndefined();
  });

  test("move to another server when the target changes; what is in use stays", async () => {
    await want(2);
    await expect.poll(idle, patience).toBe(2);
    const socket = await taker();
    const other = await startDatabase();
    await want(2, { port: other.port });
    await expect.poll(() => other.open.size, patience).toBe(2);
    await expect.poll(() => database.open.size, patience).toBe(1);
    expect(await answer(socket, "still here")).toBe("echo still here");
    socket.destroy();
    await want(0, { port: other.port });
    await expect.poll(() => other.open.size, patience).toBe(0);
    await other.stop();
  });
});

describe("a server in trouble", () => {
  test("that is down is tried with longer and longer pauses, and met again when it is back", async () => {
    await database.stop();
    await want(5);
    await expect.poll(async () => (await db()).failuresInRow, patience).toBeGreaterThanOrEqual(3);
    const down = await db();
    expect(down).toMatchObject({ idleCount: 0, wantedCount: 5, note: expect.stringMatching(/ECONNREFUSED/) });
    // Pauses of 250, 500, 1000 ms: far fewer tries than ticks.
    expect(down.brokenCount).toBeLessThan(20);
    await database.start();
    await expect.poll(idle, patience).toBe(5);
    await expect.poll(async () => (await db()).note, patience).toBe("");
  });

  test("that restarts costs one pause, not one for each connection", async () => {
    await want(6);
    await expect.poll(idle, patience).toBe(6);
    await new Promise((done) => setTimeout(done, 1_100));
    await database.stop();
    await database.start();
    await expect.poll(() => database.open.size, patience).toBe(6);
    const state = await db();
    expect(state.brokenCount).toBeGreaterThanOrEqual(6);
    expect(state.failuresInRow).toBeLessThanOrEqual(2);
  });

  test("that is at its limit is not hammered", async () => {
    database.limit = 2;
    await want(6);
    await expect.poll(async () => (await db()).note, patience).toMatch(/refused after it was open/);
    await new Promise((done) => setTimeout(done, 4_000));
    // Two are open and last, and still each new try waits longer: 250 ms, 500 ms, 1 s, 2 s.
    expect(database.accepted).toBeLessThan(14);
    expect((await db()).failuresInRow).toBeGreaterThanOrEqual(3);
    expect(database.open.size).toBe(2);
    database.limit = 10;
    await expect.poll(() => database.open.size, { interval: 50, timeout: 15_000 }).toBe(6);
  });
});

describe("the end of the supervisor", () => {
  test("by kill -9 leaks no connection, and a new one comes back with the count", async () => {
    await want(4);
    await expect.poll(idle, patience).toBe(4);
    process.kill(endpoint.pid, "SIGKILL");
    await expect.poll(() => isRunning(endpoint), patience).toBe(false);
    await expect.poll(() => database.open.size, patience).toBe(0);
    endpoint = await platform.start();
    await expect.poll(idle, patience).toBe(4);
    expect(database.open.size).toBe(4);
    const socket = await taker();
    expect(await answer(socket, "x")).toBe("echo x");
    socket.destroy();
  });

  test("drains: what is idle ends at once, what is in use may finish", async () => {
    await want(3);
    await expect.poll(idle, patience).toBe(3);
    const socket = await taker();
    expect(await answer(socket, "a")).toBe("echo a");
    process.kill(endpoint.pid, "SIGTERM");
    await expect.poll(() => database.open.size, patience).toBe(1);
    expect(await answer(socket, "b")).toBe("echo b");
    socket.end();
    await expect.poll(() => isRunning(endpoint), patience).toBe(false);
    expect(database.open.size).toBe(0);
  });
});

test("the socket's path is beside the endpoint file, or in a folder of our own where that is too long", () => {
  expect(socketPath("/run/e.json", "db")).toBe("/run/e.json.db.sock");
  const long = socketPath(`/run/${"x".repeat(120)}/e.json`, "db");
  expect(long.length).toBeLessThan(100);
  expect(long).toMatch(/tiercast-[0-9a-f]{16}\/db\.sock$/);
});
