import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import { until } from "./until.ts";

export interface MetricsApi {
  /** CPU that each pod of the Deployment with that `app` label uses from now on, in millicores; null: no metrics. */
  use(app: string, cpuMillicores: number | null): void;
  stop(): Promise<void>;
}

const GROUP = "metrics.k8s.io";
const PATH = `/apis/${GROUP}/v1beta1`;
const WINDOW = "15s";

/**
 * Serves `metrics.k8s.io` to the cluster's aggregation layer, as metrics-server does, with usage that the test says.
 * Controllers ask the API server, which asks here: all that an HPA does between is real.
 */
export async function serveMetrics(cluster: Cluster): Promise<MetricsApi> {
  const usage = new Map<string, number | null>();
  const read = (name: string) => readFileSync(join(cluster.folder, name), "utf8");
  const server = createServer(
    { cert: read("serving.crt"), key: read("serving.key") },
    (request, response) => {
      const send = (status: number, body: unknown) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(body));
      };
      answer(cluster, usage, request.url ?? "/").then(
        (body) => send(body === undefined ? 404 : 200, body ?? {}),
        (error: Error) =>
          send(500, { kind: "Status", apiVersion: "v1", status: "Failure", message: error.message }),
      );
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await register(cluster, (server.address() as AddressInfo).port);
  return {
    use: (app, cpuMillicores) => usage.set(app, cpuMillicores),
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A Service of the kind ExternalName is how the API server is sent out of the cluster. */
async function register({ client }: Cluster, port: number): Promise<void> {
  const namespace = "kube-system";
  await client.create(`/api/v1/namespaces/${namespace}/services`, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "metrics", namespace },
    spec: { type: "ExternalName", externalName: "localhost", ports: [{ port }] },
  });
  await client.create("/apis/apiregistration.k8s.io/v1/apiservices", {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: `v1beta1.${GROUP}` },
    spec: {
      group: GROUP,
      version: "v1beta1",
      insecureSkipTLSVerify: true,
      groupPriorityMinimum: 100,
      versionPriority: 100,
      service: { name: "metrics", namespace, port },
    },
  });
  await until("the metrics API is served", { deadlineMs: 60_000 }, async () => {
    return (await client.request("GET", PATH)).status === 200;
  });
}

async function answer(
  cluster: Cluster,
  usage: ReadonlyMap<string, number | null>,
  url: string,
): Promise<object | undefined> {
  const { pathname, searchParams } = new URL(url, "https://localhost");
  if (pathname === PATH) return RESOURCES;
  const namespace = new RegExp(`^${PATH}/namespaces/([^/]+)/pods$`).exec(pathname)?.[1];
  if (namespace === undefined) return undefined;
  const selector = encodeURIComponent(searchParams.get("labelSelector") ?? "");
  const { items } = await cluster.client.get(
    `/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`,
  );
  return {
    kind: "PodMetricsList",
    apiVersion: `${GROUP}/v1beta1`,
    metadata: {},
    items: items.flatMap((pod: PodAnswer) => podMetrics(pod, usage)),
  };
}

interface PodAnswer {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: { readonly app?: string };
  };
  readonly spec: { readonly containers: readonly { readonly name: string }[] };
  readonly status: { readonly phase?: string };
}

/** The pod's use stands at its first container. */
function podMetrics({ metadata, spec, status }: PodAnswer, usage: ReadonlyMap<string, number | null>) {
  const millicores = usage.get(metadata.labels?.app ?? "") ?? null;
  if (status.phase !== "Running" || millicores === null) return [];
  const containers = spec.containers.map(({ name }, index) => ({
    name,
    usage: { cpu: `${index === 0 ? millicores : 0}m`, memory: "64Mi" },
  }));
  const { name, namespace, labels } = metadata;
  return [
    {
      metadata: { name, namespace, labels },
      timestamp: new Date().toISOString(),
      window: WINDOW,
      containers,
    },
  ];
}

const RESOURCES = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: `${GROUP}/v1beta1`,
  resources: [
    { name: "pods", singularName: "", namespaced: true, kind: "PodMetrics", verbs: ["get", "list"] },
  ],
};
