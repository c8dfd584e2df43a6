import type { ParsedConfig } from "../config-schema.ts";
import type { PrometheusSettings } from "../model/settings.ts";
import { durationMs, MINUTE_MS, SECOND_MS } from "../model/time.ts";

/** Undefined unless `source: prometheus`; an address or a query that is missing is empty until the checks see it. */
export function completePrometheus(
  demand: ParsedConfig["demand"],
  file: <T extends string | undefined>(path: T) => T,
): PrometheusSettings | undefined {
  if (demand.source !== "prometheus") return undefined;
  const { timeout, deadline, ...connection } = demand.connection;
  return {
    url: demand.url ?? "",
    query: demand.query ?? "",
    aggregate: demand.aggregate,
    partial: demand.partial,
    delayMs: demand.delay,
    connection: {
      bearerTokenFile: file(connection.bearerTokenFile),
      bearerTokenEnv: connection.bearerTokenEnv,
      username: connection.username,
      passwordFile: file(connection.passwordFile),
      passwordEnv: connection.passwordEnv,
      caFile: file(connection.caFile),
      headers: connection.headers,
      timeoutMs: timeout,
      deadlineMs: deadline ?? standardDeadline(demand.step),
    },
  };
}

/** A read is done before the next cycle begins. */
function standardDeadline(stepMs: number) {
  return durationMs(Math.min(2 * MINUTE_MS, Math.max(10 * SECOND_MS, stepMs / 2)));
}
