import { connect, type Socket } from "node:net";
import type { WarmKindState, WarmTarget } from "../model/warm.ts";

export interface ConnectionPoolOptions {
  readonly name: string;
  readonly target: WarmTarget;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly log: (message: string) => void;
}

/** An open connection that is handed out, with what the server said on it meanwhile. */
export interface TakenConnection {
  readonly socket: Socket;
  readonly said: readonly Buffer[];
}

/** Keeps idle, open TCP connections to one server. */
export interface ConnectionPool {
  want(count: number): void;
  /** What is idle goes to the new server; what is in use stays where it is. */
  retarget(target: WarmTarget): void;
  /** The youngest idle one, or undefined: then the taker dials for itself. Its end counts as given back. */
  take(): TakenConnection | undefined;
  /** A connection dialled for a taker because none was idle. */
  dial(): Socket;
  state(): Omit<WarmKindState, "socket">;
  /** Ends what is idle and opening. */
  close(): void;
}

interface Idle extends TakenConnection {
  readonly said: Buffer[];
  readonly openedMs: number;
}

interface Pool {
  readonly options: ConnectionPoolOptions;
  target: WarmTarget;
  wanted: number;
  readonly idle: Map<Socket, Idle>;
  readonly opening: Set<Socket>;
  readonly inUse: Set<Socket>;
  broken: number;
  failuresInRow: number;
  note: string;
  noOpenBeforeMs: number;
  lastFailureMs: number;
  closed: boolean;
}

const TICK_MS = 100;
/** At once: a server that comes back is not met by all of them in one moment. */
const MOST_OPENING = 8;
const BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 30_000;
/** A connection that breaks sooner was refused: a server at its limit accepts, says so and closes. */
const SETTLED_AFTER_MS = 1_000;
const KEEP_ALIVE_MS = 30_000;
/** A server that says more than this to nobody is not what was configured. */
const MOST_SAID_BYTES = 65_536;

export function createConnectionPool(options: ConnectionPoolOptions): ConnectionPool {
  const pool: Pool = {
    options,
    target: options.target,
    wanted: 0,
    idle: new Map(),
    opening: new Set(),
    inUse: new Set(),
    broken: 0,
    failuresInRow: 0,
    note: "",
    noOpenBeforeMs: 0,
    lastFailureMs: 0,
    closed: false,
  };
  const ticker = setInterval(() => resize(pool), TICK_MS);
  ticker.unref();
  return {
    want: (count) => {
      pool.wanted = count;
      resize(pool);
    },
    retarget: (target) => {
      dropAll(pool);
      Object.assign(pool, { target, failuresInRow: 0, note: "", noOpenBeforeMs: 0 });
      resize(pool);
    },
    take: () => take(pool),
    dial: () => {
      const socket = dial(pool);
      use(pool, socket);
      return socket;
    },
    state: () => ({
      wantedCount: pool.wanted,
      idleCount: pool.idle.size,
      openingCount: pool.opening.size,
      inUseCount: pool.inUse.size,
      brokenCount: pool.broken,
      failuresInRow: pool.failuresInRow,
      note: pool.note,
    }),
    close: () => {
      pool.closed = true;
      clearInterval(ticker);
      dropAll(pool);
    },
  };
}

function resize(pool: Pool): void {
  if (pool.closed) return;
  const nowMs = pool.options.nowMs();
  // Those open before the failure prove nothing: a server at its limit keeps them and refuses every new one.
  const isBack = (each: Idle) => each.openedMs > pool.lastFailureMs && isSettled(each, nowMs);
  if (pool.failuresInRow > 0 && [...pool.idle.values()].some(isBack)) {
    pool.failuresInRow = 0;
    pool.note = "";
  }
  const surplus = [...pool.opening, ...[...pool.idle.keys()].reverse()];
  for (const socket of surplus.slice(0, Math.max(0, surplus.length - pool.wanted))) drop(pool, socket);
  if (nowMs < pool.noOpenBeforeMs) return;
  // While the last ones failed, one at a time finds out whether the server is back.
  const most = pool.failuresInRow > 0 ? 1 : MOST_OPENING;
  while (pool.opening.size < most && pool.idle.size + pool.opening.size < pool.wanted) open(pool);
}

function isSettled(idle: Idle, nowMs: number): boolean {
  return nowMs - idle.openedMs >= SETTLED_AFTER_MS;
}

function dropAll(pool: Pool): void {
  for (const socket of [...pool.opening, ...pool.idle.keys()]) drop(pool, socket);
}

/** Ends a connection of ours that nobody uses: no failure. */
function drop(pool: Pool, socket: Socket): void {
  pool.opening.delete(socket);
  pool.idle.delete(socket);
  socket.destroy();
}

function dial({ target }: Pool): Socket {
  const socket = connect({ host: target.host, port: target.port, allowHalfOpen: true });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  return socket;
}

function open(pool: Pool): void {
  const { hello, connectTimeoutMs } = pool.target;
  const socket = dial(pool);
  pool.opening.add(socket);
  const said: Buffer[] = [];
  const until = hello === null ? undefined : Buffer.from(hello.untilHex, "hex");
  const late = setTimeout(
    () => fail(pool, socket, `not open within ${connectTimeoutMs} ms`),
    connectTimeoutMs,
  );
  const isOpen = (): void => {
    clearTimeout(late);
    if (!pool.opening.delete(socket)) return;
    pool.idle.set(socket, { socket, said, openedMs: pool.options.nowMs() });
  };
  socket.once("connect", () => {
    if (hello === null) isOpen();
    else socket.write(Buffer.from(hello.sendHex, "hex"));
  });
  socket.on("data", (chunk: Buffer) => {
    if (!pool.opening.has(socket) && !pool.idle.has(socket)) return;
    said.push(chunk);
    const heard = Buffer.concat(said);
    if (heard.length > MOST_SAID_BYTES)
      fail(pool, socket, `said more than ${MOST_SAID_BYTES} bytes to nobody`);
    // The answer to the greeting is for us; what comes after it is for whoever takes the connection.
    const at = until === undefined || !pool.opening.has(socket) ? -1 : heard.indexOf(until);
    if (until === undefined || at < 0) return;
    said.splice(0, said.length, heard.subarray(at + until.length));
    isOpen();
  });
  socket.once("end", () => fail(pool, socket, "closed by the server"));
  socket.once("error", (error: NodeJS.ErrnoException) => fail(pool, socket, error.code ?? error.message));
  socket.once("close", () => {
    clearTimeout(late);
    fail(pool, socket, "closed");
  });
}

/** A connection nobody has taken broke. Those that break together count as one: one server went away, not twenty. */
function fail(pool: Pool, socket: Socket, reason: string): void {
  const idle = pool.idle.get(socket);
  const isOurs = pool.opening.delete(socket) || pool.idle.delete(socket);
  if (!isOurs) return;
  socket.destroy();
  pool.broken += 1;
  const nowMs = pool.options.nowMs();
  pool.lastFailureMs = nowMs;
  const isRefused = idle === undefined || !isSettled(idle, nowMs);
  const how = isRefused && idle !== undefined ? "refused after it was open: " : "";
  pool.note = `${pool.target.host}:${pool.target.port}: ${how}${reason}`;
  if (nowMs < pool.noOpenBeforeMs) return;
  const backOffMs = Math.min(LONGEST_BACK_OFF_MS, BACK_OFF_MS * 2 ** Math.min(pool.failuresInRow, 20));
  pool.failuresInRow += 1;
  pool.noOpenBeforeMs = nowMs + backOffMs;
  pool.options.log(`${pool.options.name}: ${pool.note}; next try in ${backOffMs} ms`);
}

function take(pool: Pool): TakenConnection | undefined {
  const idle = [...pool.idle.values()].at(-1);
  if (idle === undefined) return undefined;
  pool.idle.delete(idle.socket);
  idle.socket.removeAllListeners("data");
  idle.socket.pause();
  use(pool, idle.socket);
  return idle;
}

function use(pool: Pool, socket: Socket): void {
  pool.inUse.add(socket);
  socket.on("error", () => socket.destroy());
  socket.once("close", () => pool.inUse.delete(socket));
}
