import { queryWarnings } from "../model/promql.ts";
import type { ConnectionSettings } from "../model/settings.ts";
import { formatDuration } from "../model/time.ts";
import { type CrossCheck, rule, ruleIfGiven, warning } from "./cross-check.ts";

/** Rules of `source: prometheus`. */
export function prometheusChecks(): readonly CrossCheck[] {
  return [
    rule("demand.source", "demand.url", ({ demand }) =>
      demand.prometheus?.url === "" ? "prometheus needs demand.url (add url: http://HOST:9090)" : undefined,
    ),
    rule("demand.source", "demand.query", ({ demand }) =>
      demand.prometheus?.query === ""
        ? "prometheus needs demand.query (add one; `tiercast init --prometheus URL` lists some)"
        : undefined,
    ),
    ...["demand.url", "demand.query", "demand.connection"].map((path) =>
      ruleIfGiven(path, "demand.source", ({ demand }) =>
        demand.prometheus === undefined
          ? `is for source prometheus, not ${demand.source} (write source: prometheus, or delete it)`
          : undefined,
      ),
    ),
    ruleIfGiven("demand.path", "demand.source", ({ demand }) =>
      demand.prometheus !== undefined
        ? "is for files; source prometheus reads its history from the server (delete it)"
        : undefined,
    ),
    warning("demand.query", "demand.source demand.step demand.scale", ({ demand }) => {
      if (demand.prometheus === undefined) return undefined;
      const found = queryWarnings(demand.prometheus.query, demand.stepMs);
      const fitting = demand.scale === 1 ? found : found.filter((line) => !line.startsWith("increase()"));
      return fitting.length === 0 ? undefined : fitting.join("; ");
    }),
    ruleIfGiven("demand.staleAfter", "demand.delay demand.step", ({ demand }) =>
      demand.prometheus !== undefined && demand.staleAfterMs < demand.stepMs + demand.prometheus.delayMs
        ? `${formatDuration(demand.staleAfterMs)} is below a step and demand.delay together: demand would always be ` +
          "stale (raise it)"
        : undefined,
    ),
    ...connectionChecks(),
  ];
}

function connectionChecks(): readonly CrossCheck[] {
  const about = (path: string, check: (connection: ConnectionSettings) => string | undefined): CrossCheck =>
    ruleIfGiven(`demand.connection.${path}`, "demand.source", ({ demand }) =>
      demand.prometheus === undefined ? undefined : check(demand.prometheus.connection),
    );
  return [
    about("bearerTokenEnv", ({ bearerTokenFile }) =>
      bearerTokenFile !== undefined ? "stands beside bearerTokenFile (keep one)" : undefined,
    ),
    about("username", ({ bearerTokenFile, bearerTokenEnv }) =>
      (bearerTokenFile ?? bearerTokenEnv) !== undefined
        ? "stands beside a bearer token (keep one)"
        : undefined,
    ),
    about("passwordEnv", ({ passwordFile }) =>
      passwordFile !== undefined ? "stands beside passwordFile (keep one)" : undefined,
    ),
    ...["passwordFile", "passwordEnv"].map((path) =>
      about(path, ({ username }) => (username === undefined ? "needs username (add it)" : undefined)),
    ),
    about("deadline", ({ deadlineMs, timeoutMs }) =>
      deadlineMs < Math.min(timeoutMs, 1000) ? "is too short for a request (write at least 10s)" : undefined,
    ),
  ];
}
