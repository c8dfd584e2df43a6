import type { FastifyInstance } from "fastify";
import type { ActivityIntake } from "../model/activity.ts";
import type { Journal } from "../model/journal-port.ts";
import { type DaemonStatus, type Health, healthAt, missingParts } from "../model/status.ts";
import type { TenantsView } from "../model/tenancy.ts";
import { addActivityRoutes } from "./activity-routes.ts";
import { addEventRoutes, type EventStore } from "./event-routes.ts";
import { METRICS_CONTENT_TYPE, metricsText } from "./metrics.ts";

/** Where answers come from: the daemon's one status and its journal. */
export interface HttpSources {
  readonly status: () => DaemonStatus;
  /** The clock that `status().progress.lastMonotonicMs` was read from. */
  readonly monotonicMs: () => number;
  readonly journal: Pick<Journal, "cycle" | "lastCycle">;
  /** Undefined: events can neither be seen nor announced here. */
  readonly events?: EventStore;
  /** Accounts as their ledger has them now; undefined: the service shares none. */
  readonly tenants?: () => TenantsView;
  /** Undefined: activity cannot be pushed here. */
  readonly activity?: ActivityIntake;
}

const API_VERSION = "tiercast/v1";

export function addRoutes(app: FastifyInstance, sources: HttpSources): void {
  const { status, journal } = sources;
  if (sources.events !== undefined) addEventRoutes(app, sources.events);
  if (sources.activity !== undefined) addActivityRoutes(app, sources.activity);

  app.get("/healthz", (_request, reply) => {
    const health = healthNow(sources);
    return health.kind === "healthy"
      ? { ok: true }
      : reply.code(503).send({ ok: false, reason: health.reason });
  });

  app.get("/readyz", (_request, reply) => {
    const missing = missingParts(status().ready);
    if (missing.length === 0) return { ok: true };
    return reply.code(503).send({ ok: false, reason: `not there yet: ${missing.join(", ")}` });
  });

  app.get("/metrics", async (_request, reply) => {
    const text = await metricsText(status(), healthNow(sources));
    return reply.type(METRICS_CONTENT_TYPE).send(text);
  });

  app.get("/api/status", () => ({
    apiVersion: API_VERSION,
    kind: "Status",
    health: healthNow(sources),
    ...status(),
  }));

  app.get("/v1/tenants", (_request, reply) => {
    const view = sources.tenants?.();
    if (view === undefined) return reply.code(404).send({ error: "this service shares no account" });
    return { apiVersion: API_VERSION, kind: "Tenants", ...view };
  });

  app.get("/api/forecast", (_request, reply) => {
    const record = journal.lastCycle();
    if (record === null || record.forecast === null)
      return reply.code(404).send({ error: "no forecast in the last cycle" });
    const { cycle, forecast, evidence } = record;
    return { apiVersion: API_VERSION, kind: "Forecast", cycle, ...forecast, evidence };
  });

  app.get<{ Params: { cycle: string } }>("/api/cycles/:cycle", (request, reply) => {
    const number = cycleNumber(request.params.cycle);
    if (number === undefined)
      return reply.code(400).send({ error: "a cycle is a whole number above 0, or last" });
    const record = number === "last" ? journal.lastCycle() : journal.cycle(number);
    if (record === null) return reply.code(404).send({ error: "no such cycle in the journal" });
    return { apiVersion: API_VERSION, kind: "Cycle", ...record };
  });
}

function healthNow(sources: HttpSources): Health {
  const { progress } = sources.status();
  return healthAt(progress.lastMonotonicMs, progress.intervalWallMs, sources.monotonicMs());
}

function cycleNumber(text: string): number | "last" | undefined {
  if (text === "last") return "last";
  const number = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : undefined;
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
}
