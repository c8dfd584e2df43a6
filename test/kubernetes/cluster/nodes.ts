import type { KubeClient } from "./kube-client.ts";
import { until } from "./until.ts";

/** A node that KWOK plays: pods on it become Ready without running anything. */
export interface NodeShape {
  readonly name: string;
  /** Kubernetes quantities: `8`, `500m`; `16Gi`. */
  readonly cpu: string;
  readonly memory: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
}

const PODS_PER_NODE = "110";

export async function createNodes(client: KubeClient, nodes: readonly NodeShape[]): Promise<void> {
  for (const node of nodes) await client.create("/api/v1/nodes", nodeObject(node));
}

/** Resolves when each of the nodes has the condition Ready. */
export async function nodesReady(
  client: KubeClient,
  names: readonly string[],
  deadlineMs: number,
  broken?: () => string | undefined,
): Promise<void> {
  const options = { deadlineMs, ...(broken === undefined ? {} : { broken }) };
  await until(`${names.length} nodes Ready`, options, async () => {
    const { items } = await client.get("/api/v1/nodes");
    const ready = new Set(items.filter(isReady).map((node: NodeAnswer) => node.metadata.name));
    return names.every((name) => ready.has(name));
  });
}

interface NodeAnswer {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

function isReady({ status }: NodeAnswer): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false;
}

function nodeObject({ name, cpu, memory, labels, taints }: NodeShape) {
  const room = { cpu, memory, pods: PODS_PER_NODE };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      annotations: { "kwok.x-k8s.io/node": "fake" },
      labels: {
        type: "kwok",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": name,
        ...labels,
      },
    },
    spec: { ...(taints === undefined ? {} : { taints }) },
    status: { allocatable: room, capacity: room },
  };
}
