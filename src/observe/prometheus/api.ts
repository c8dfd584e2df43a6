import type { Agent } from "node:http";
import type { Clock } from "../../model/ports.ts";
import type { ConnectionSettings } from "../../model/settings.ts";
import { type Access, readAccess } from "./access.ts";
import type { Address } from "./address.ts";
import { createAgent, exchange } from "./exchange.ts";
import { type Answer, type Verdict, verdictOn } from "./verdict.ts";

export interface ApiRequest {
  readonly address: Address;
  readonly connection: ConnectionSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Pick<Clock, "monotonicMs" | "sleep" | "speed">;
  /** Jitter of waits, 0 to 1. */
  readonly random: () => number;
  /** The clock that Retry-After dates and the server's clock are compared with, epoch ms. */
  readonly wallNowMs: () => number;
  /** Most bytes of one answer, unpacked; 64 MiB unless given. */
  readonly maxBytes?: number;
}

/** An answer, or why there is none: one line that names the server. */
export type ApiEnd =
  | Answer
  | { readonly kind: "refused"; readonly line: string }
  | { readonly kind: "too-large"; readonly line: string }
  | { readonly kind: "unreachable"; readonly line: string };

export interface GetLimits {
  /** On the monotonic clock: nothing is begun and nothing waited for beyond it. */
  readonly deadlineMs: number;
  /** The caller can ask for less: a timeout is then `too-large` at once. */
  readonly canSplit: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The HTTP API of one server. */
export interface Api {
  readonly name: string;
  /** `prepare` first: it reads tokens and certificates anew. Rejects with a `UserError`. */
  prepare(): Promise<void>;
  get(path: string, parameters: Readonly<Record<string, string>>, limits: GetLimits): Promise<ApiEnd>;
  close(): void;
}

const MAX_ATTEMPTS = 4;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** Longer addresses are sent as a form: some servers and proxies end at 8 KiB. */
const LONGEST_GET = 4_000;

/**
 * A client with bounds on everything: size and time of a request, attempts, and the deadline of the whole. 429, 5xx
 * and broken connections are tried again after 0.5, 1, 2 s, each times 0.5 to 1.5, or after what Retry-After asks.
 */
export function createApi(request: ApiRequest): Api {
  const { address } = request;
  const name = `prometheus ${address.shown}`;
  let access: Access = { headers: {}, ca: undefined };
  let agent: Agent | undefined;
  const agentNow = (): Agent => {
    agent ??= createAgent(address.api, access.ca);
    return agent;
  };
  return {
    name,
    prepare: async () => {
      const before = access.ca;
      access = await readAccess(request.connection, request.environment);
      if (access.ca === before) return;
      agent?.destroy();
      agent = undefined;
    },
    get: async (path, parameters, limits) => {
      const form = new URLSearchParams(parameters).toString();
      const isLong = form.length > LONGEST_GET;
      const url = `${address.api}${path}${isLong || form === "" ? "" : `?${form}`}`;
      const end = await attempts(request, limits, (timeoutMs) =>
        exchange({
          url,
          form: isLong ? form : undefined,
          headers: access.headers,
          agent: agentNow(),
          timeoutMs,
          maxBytes: request.maxBytes ?? MAX_BYTES,
          signal: limits.signal,
        }),
      );
      return "what" in end ? { kind: end.kind, line: `${name}: ${end.what}` } : end;
    },
    close: () => {
      agent?.destroy();
      agent = undefined;
    },
  };
}

type End = Answer | { readonly kind: "refused" | "too-large" | "unreachable"; readonly what: string };

async function attempts(
  request: ApiRequest,
  limits: GetLimits,
  send: (timeoutMs: number) => ReturnType<typeof exchange>,
): Promise<End> {
  const { clock, connection, wallNowMs } = request;
  const leftMs = (): number => limits.deadlineMs - clock.monotonicMs();
  for (let attempt = 1; leftMs() > 0; attempt++) {
    const exchanged = await send(Math.min(connection.timeoutMs, leftMs()));
    const given = verdictOn(exchanged, wallNowMs());
    const isSlow = exchanged.kind === "timed-out" && !(limits.canSplit && leftMs() > 0);
    const verdict = isSlow ? tooSlow() : given;
    if (verdict.kind !== "not-now") return verdict;
    const { afterMs } = verdict;
    const waitMs = Math.max(afterMs ?? 0, backOffMs(attempt, request.random()));
    if (attempt === MAX_ATTEMPTS || waitMs >= leftMs())
      return { kind: "unreachable", what: verdict.what + whyNoMore(attempt, afterMs) };
    await clock.sleep(waitMs * clock.speed, limits.signal);
    limits.signal?.throwIfAborted();
  }
  return { kind: "unreachable", what: "no time is left for another request" };
}

function tooSlow(): Extract<Verdict, { kind: "not-now" }> {
  return { kind: "not-now", what: "gives no answer in time", afterMs: undefined };
}

function whyNoMore(attempt: number, afterMs: number | undefined): string {
  const tries = attempt === 1 ? "" : `, ${attempt} times`;
  if (attempt === MAX_ATTEMPTS) return tries;
  const asked = afterMs === undefined ? "" : `; it asks to wait ${Math.ceil(afterMs / 1000)} s`;
  return `${tries}${asked}; no time is left to try again`;
}

/** 0.5, 1, 2, ... s, at most 10 s, times 0.5 to 1.5. */
function backOffMs(attempt: number, random: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)) * (0.5 + random);
}
