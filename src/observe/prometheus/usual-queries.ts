/** What demand is measured in: requests/s, cpu cores, or GiB of memory. */
export type DemandKind = "requests" | "cpu" | "memory";

/** A metric that often tells a service's demand. */
export interface UsualMetric {
  readonly metric: string;
  readonly what: string;
  readonly kind: DemandKind;
  /** Matchers that always apply, without braces. */
  readonly matchers: string;
  /** Labels that name a service, the best first. */
  readonly labels: readonly string[];
}

const METRICS: readonly (readonly [string, string, string, readonly string[]])[] = [
  [
    "istio_requests_total",
    "Istio",
    'reporter="destination"',
    ["destination_service_name", "destination_canonical_service", "destination_workload"],
  ],
  [
    "nginx_ingress_controller_requests",
    "ingress-nginx",
    "",
    ["exported_service", "ingress", "host", "service"],
  ],
  [
    "envoy_http_downstream_rq_total",
    "Envoy Gateway, listeners",
    'envoy_http_conn_manager_prefix!~"admin|stats|ready.*"',
    ["envoy_http_conn_manager_prefix"],
  ],
  [
    "envoy_cluster_upstream_rq_total",
    "Envoy Gateway, backends",
    'envoy_cluster_name!~"xds_cluster|prometheus_stats|.*_internal"',
    ["envoy_cluster_name"],
  ],
  ["traefik_service_requests_total", "Traefik, services", "", ["exported_service", "service"]],
  ["traefik_entrypoint_requests_total", "Traefik, entry points", "", ["entrypoint"]],
  ["haproxy_backend_http_requests_total", "HAProxy, backends", "", ["proxy", "backend"]],
  ["haproxy_frontend_http_requests_total", "HAProxy, frontends", "", ["proxy", "frontend"]],
  ["http_requests_total", "the service itself", "", ["service", "app", "app_kubernetes_io_name", "job"]],
  ["http_request_duration_seconds_count", "the service itself", "", ["service", "app", "job"]],
  [
    "http_server_request_duration_seconds_count",
    "the service itself",
    "",
    ["service_name", "service", "job"],
  ],
  ["http_server_requests_seconds_count", "the service itself", "", ["application", "service", "app", "job"]],
];

/** In the order in which they are proposed: nearest to the user first, use of resources last. */
export const USUAL_METRICS: readonly UsualMetric[] = [
  ...METRICS.map(([metric, what, matchers, labels]) => {
    return { metric, what, kind: "requests", matchers, labels } as const;
  }),
  ...(["cpu", "memory"] as const).map((kind) => ({
    metric: kind === "cpu" ? "container_cpu_usage_seconds_total" : "container_memory_working_set_bytes",
    what: kind === "cpu" ? "cAdvisor, cpu cores" : "cAdvisor, GiB of memory",
    kind,
    matchers: 'container!="POD"',
    labels: ["container", "name"],
  })),
];

/** `sum by (LABEL) (...)` of a metric in its unit; without labels the sum over all. */
export function demandQuery(
  { metric, kind }: Pick<UsualMetric, "metric" | "kind">,
  matchers: string,
  { window, by }: { readonly window: string; readonly by?: string | undefined },
): string {
  const sum = by === undefined ? "sum" : `sum by (${by}) `;
  const selector = matchers === "" ? metric : `${metric}{${matchers}}`;
  return kind === "memory" ? `${sum}(${selector}) / 2^30` : `${sum}(rate(${selector}[${window}]))`;
}

/** One more matcher for exactly this value; quoted as PromQL, which takes JSON's escapes. */
export function withMatcher(matchers: string, label: string, value: string): string {
  return [...(matchers === "" ? [] : [matchers]), `${label}=${JSON.stringify(value)}`].join(",");
}
