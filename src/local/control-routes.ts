import { z } from "zod";
import type { PlatformState, TrafficSample } from "../model/platform.ts";
import { TIERS, type Tier } from "../model/tier.ts";
import { BadRequest, type ControlAnswer, type ControlRequest } from "./control-api.ts";
import { KIND_SCHEMA } from "./kind-schema.ts";
import { SUPERVISOR_SETTINGS_SCHEMA, type SupervisorSettings } from "./supervisor-settings.ts";
import {
  dropTier,
  isExpired,
  type Outcome,
  takePlan,
  takeTier,
  takeWarm,
  totalWanted,
  type Wanted,
} from "./wanted.ts";
import { dropKind, takeKind } from "./wanted-kinds.ts";

/** What the routes need of the supervisor. */
export interface ControlPort {
  settings(): SupervisorSettings;
  wanted(): Wanted;
  wallMs(): number;
  health(): unknown;
  state(): PlatformState;
  traffic(fromWallMs: number): readonly TrafficSample[];
  /** Stores durably, then acts. */
  store(wanted: Wanted): Promise<void>;
  changeSettings(settings: SupervisorSettings): Promise<void>;
  /** Begins the shutdown; returns at once. */
  shutDown(): void;
  isStopping(): boolean;
}

/**
 * The control API. One write at a time, in the order they came, so that a check and its write are one.
 *
 *     GET    /healthz  /state  /traffic?from=WALLMS  /settings  /plan  /tiers/TIER  /warm  /kinds/NAME
 *     PUT    /settings  /plan  /tiers/TIER  /warm  /kinds/NAME
 *     DELETE /plan  /tiers/TIER  /warm  /kinds/NAME      and DELETE / to shut down
 */
export function createControlRoutes(port: ControlPort): (request: ControlRequest) => Promise<ControlAnswer> {
  let writes: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async (request) => {
    if (request.method === "GET") return read(port, request);
    if (waiting >= MOST_WAITING_WRITES) return { status: 503, body: { error: "too many writes at once" } };
    waiting += 1;
    const result = writes.then(() => write(port, request));
    writes = result.catch(() => undefined);
    return result.finally(() => {
      waiting -= 1;
    });
  };
}

const MOST_WAITING_WRITES = 64;

function read(port: ControlPort, { path, query }: ControlRequest): ControlAnswer {
  const wanted = port.wanted();
  switch (path[0]) {
    case "healthz":
      return ok(port.health());
    case "state":
      return ok(port.state());
    case "traffic":
      return ok(port.traffic(parseBody(z.coerce.number(), query.get("from") ?? undefined, "from")));
    case "settings":
      return ok(port.settings());
    case "plan":
      return wanted.plan ? ok(wanted.plan) : gone("plan");
    case "warm":
      return wanted.warm
        ? ok({ ...wanted.warm, expired: isExpired(wanted.warm, port.wallMs()) })
        : gone("warm pool");
    case "kinds":
      return wanted.kinds?.[kindOf(path)] ? ok(wanted.kinds[kindOf(path)]) : gone(`kind ${kindOf(path)}`);
    case "tiers": {
      const tier = tierOf(path);
      const units = wanted.tiers[tier];
      return units === undefined
        ? gone(`tier ${tier}`)
        : ok({ tier, units, planGeneration: wanted.planGeneration });
    }
    default:
      return gone(`/${path.join("/")}`);
  }
}

async function write(port: ControlPort, request: ControlRequest): Promise<ControlAnswer> {
  if (port.isStopping()) return { status: 503, body: { error: "the supervisor is stopping: try again" } };
  if (request.method === "PUT") return put(port, request);
  if (request.method === "DELETE") return remove(port, request);
  return { status: 405, body: { error: `${request.method} is not served` } };
}

async function put(port: ControlPort, { path, body }: ControlRequest): Promise<ControlAnswer> {
  const wanted = port.wanted();
  const { maxUnits } = port.settings();
  switch (path[0]) {
    case "settings":
      return putSettings(port, parseBody(SUPERVISOR_SETTINGS_SCHEMA, body, "settings"));
    case "plan":
      return take(port, takePlan(wanted, parseBody(PLAN_SCHEMA, body, "plan")));
    case "warm":
      return take(port, takeWarm(wanted, parseBody(WARM_SCHEMA, body, "warm"), maxUnits, port.wallMs()));
    case "kinds":
      return take(
        port,
        takeKind(wanted, kindOf(path), parseBody(KIND_REQUEST_SCHEMA, body, path.join("/")), port.wallMs()),
      );
    case "tiers":
      return take(
        port,
        takeTier(wanted, tierOf(path), parseBody(TIER_SCHEMA, body, path.join("/")), maxUnits),
      );
    default:
      return gone(`/${path.join("/")}`);
  }
}

async function remove(port: ControlPort, { path }: ControlRequest): Promise<ControlAnswer> {
  const wanted = port.wanted();
  switch (path[0]) {
    case undefined:
      port.shutDown();
      return { status: 202, body: { stopping: true } };
    case "plan":
      await port.store({ ...wanted, plan: null });
      return ok({ deleted: true });
    case "warm":
      await port.store({ ...wanted, warm: null });
      return ok({ deleted: true });
    case "kinds":
      await port.store(dropKind(wanted, kindOf(path)));
      return ok({ deleted: true });
    case "tiers":
      await port.store(dropTier(wanted, tierOf(path)));
      return ok({ deleted: true });
    default:
      return gone(`/${path.join("/")}`);
  }
}

async function take(port: ControlPort, outcome: Outcome): Promise<ControlAnswer> {
  if (outcome.kind === "refused") {
    const { kind: _kind, status, message, ...numbers } = outcome;
    return { status, body: { error: message, ...numbers } };
  }
  await port.store(outcome.wanted);
  return ok({ accepted: true });
}

async function putSettings(port: ControlPort, settings: SupervisorSettings): Promise<ControlAnswer> {
  const units = totalWanted(port.wanted().tiers);
  if (settings.maxUnits < units) {
    const error = `maxUnits ${settings.maxUnits} is below the ${units} units wanted now: shrink the tiers first`;
    return { status: 422, body: { error } };
  }
  if (settings.service !== port.settings().service) {
    return { status: 422, body: { error: `this supervisor serves ${port.settings().service}` } };
  }
  await port.changeSettings(settings);
  return ok({ accepted: true });
}

function tierOf(path: readonly string[]): Tier {
  const tier = TIERS.find((name) => name === path[1]);
  if (!tier) throw new BadRequest(404, `no tier ${path[1] ?? ""}: one of ${TIERS.join(", ")}`);
  return tier;
}

function kindOf(path: readonly string[]): string {
  const name = path[1] ?? "";
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name)) throw new BadRequest(404, `${name || "nothing"} names no kind`);
  return name;
}

/** One clear line for the first thing that is wrong. */
function parseBody<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new BadRequest(422, `${[what, ...(issue?.path ?? [])].join(" ")}: ${issue?.message ?? "not valid"}`);
}

function ok(body: unknown): ControlAnswer {
  return { status: 200, body };
}

function gone(what: string): ControlAnswer {
  return { status: 404, body: { error: `${what} does not exist` } };
}

const UNITS = z.int("give a whole number").min(0).max(10_000);
const GENERATION = z.int("give a whole number").min(1);

const PLAN_SCHEMA = z.strictObject({
  planGeneration: GENERATION,
  decisionId: z.string().min(1).max(256),
  cutoffMs: z.number(),
  // What demand needs, before any limit: as far as the capacity model counts.
  observedUnits: z.int("give a whole number").min(0).max(100_000),
});

const KIND_REQUEST_SCHEMA = z.strictObject({ ...KIND_SCHEMA.shape, planGeneration: GENERATION });

const TIER_SCHEMA = z.strictObject({ units: UNITS, planGeneration: GENERATION });

const WARM_SCHEMA = z.strictObject({
  units: UNITS,
  planGeneration: GENERATION,
  ttlWallMs: z.number().min(0).nullable(),
  expiresMs: z.number().nullable(),
  reason: z.string().max(1_024),
});
