import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, rmSync, statSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { WarmKindState, WarmTarget } from "../model/warm.ts";
import { type ConnectionPool, createConnectionPool } from "./connection-pool.ts";
import { type KindWanted, kindCountNow } from "./wanted-kinds.ts";

export interface WarmKindsOptions {
  readonly endpointFile: string;
  readonly wallMs: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly log: (message: string) => void;
}

/** Warm pieces of every kind that is wanted, each with a Unix socket at which they are taken. */
export interface WarmKinds {
  want(kinds: Readonly<Record<string, KindWanted>>): void;
  states(): Readonly<Record<string, WarmKindState>>;
  /** Ends what is idle at once, lets what is in use end within `graceMs`. */
  close(graceMs: number): Promise<void>;
}

interface Kind {
  readonly pool: ConnectionPool;
  readonly door: Door;
  target: WarmTarget;
}

/** Takers of one kind. */
interface Door {
  readonly server: Server;
  readonly path: string;
  readonly takers: Set<Socket>;
  note: string;
}

export function createWarmKinds(options: WarmKindsOptions): WarmKinds {
  const kinds = new Map<string, Kind>();
  const end = (name: string, kind: Kind): void => {
    kinds.delete(name);
    kind.pool.close();
    kind.door.server.close();
    rmSync(kind.door.path, { force: true });
  };
  return {
    want: (wanted) => {
      for (const [name, kind] of kinds) if (wanted[name] === undefined) end(name, kind);
      for (const [name, each] of Object.entries(wanted)) {
        const kind = kinds.get(name) ?? begin(options, name, each.target);
        kinds.set(name, kind);
        if (!isDeepStrictEqual(kind.target, each.target)) kind.pool.retarget(each.target);
        kind.target = each.target;
        kind.pool.want(kindCountNow(each, options.wallMs()));
      }
    },
    states: () => Object.fromEntries([...kinds].map(([name, kind]) => [name, stateOf(kind)])),
    close: async (graceMs) => {
      const open = [...kinds.values()];
      for (const [name, kind] of kinds) end(name, kind);
      await Promise.all(open.map(({ door }) => lastTakers(door, graceMs)));
    },
  };
}

function stateOf({ pool, door }: Kind): WarmKindState {
  const state = pool.state();
  return { ...state, note: door.note || state.note, socket: door.path };
}

function begin(options: WarmKindsOptions, name: string, target: WarmTarget): Kind {
  const pool = createConnectionPool({ name, target, nowMs: options.nowMs, log: options.log });
  return { pool, door: openDoor(options, name, pool), target };
}

/** Takers at a time; more are turned away. */
const MOST_TAKERS = 1_000;

/** A taker's bytes go to a connection that is open already, and back; when one side ends, so does the other. */
function openDoor(options: WarmKindsOptions, name: string, pool: ConnectionPool): Door {
  const takers = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (taker) => {
    takers.add(taker);
    taker.once("close", () => takers.delete(taker));
    const taken = pool.take();
    joinBoth(taker, taken?.socket ?? pool.dial(), taken?.said ?? []);
  });
  server.maxConnections = MOST_TAKERS;
  const door: Door = { server, path: "", takers, note: "" };
  const refuse = (error: Error): Door => {
    const note = `no socket to take ${name} at: ${error.message}`;
    options.log(note);
    return { ...door, note };
  };
  try {
    const path = socketPath(options.endpointFile, name);
    // One that a killed supervisor left behind; a living one holds the endpoint file, so there is none.
    rmSync(path, { force: true });
    const opened = { ...door, path };
    server.on("error", (error) => {
      opened.note = refuse(error).note;
    });
    server.listen(path, () => chmodSync(path, 0o600));
    return opened;
  } catch (error) {
    return refuse(error as Error);
  }
}

function joinBoth(taker: Socket, server: Socket, said: readonly Buffer[]): void {
  for (const chunk of said) if (chunk.length > 0) taker.write(chunk);
  taker.on("error", () => taker.destroy());
  taker.once("close", () => server.destroy());
  server.once("close", () => taker.destroy());
  taker.pipe(server);
  server.pipe(taker);
}

/** Longest path of a Unix socket that every system takes. */
const LONGEST_PATH_BYTES = 100;

/** Beside the endpoint file; where that path is too long, in a folder of our own under the temporary one. */
export function socketPath(endpointFile: string, name: string): string {
  const beside = `${endpointFile}.${name}.sock`;
  if (Buffer.byteLength(beside) <= LONGEST_PATH_BYTES) return beside;
  const hash = createHash("sha256").update(endpointFile).digest("hex").slice(0, 16);
  const folder = join(tmpdir(), `tiercast-${hash}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(folder);
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) throw new Error(`${folder} is open to others`);
  return join(folder, `${name}.sock`);
}

function lastTakers({ takers }: Door, graceMs: number): Promise<void> {
  if (takers.size === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      for (const taker of takers) taker.destroy();
    }, graceMs);
    for (const taker of takers) {
      taker.once("close", () => {
        if (takers.size > 0) return;
        clearTimeout(force);
        resolve();
      });
    }
  });
}
