import type { KubeClient } from "./cluster/kube-client.ts";
import { until } from "./cluster/until.ts";

const NAMESPACE = "default";
const SCALER_API = `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`;

export interface WorkloadShape {
  readonly name: string;
  /** Requests of each pod, as Kubernetes quantities. */
  readonly cpu: string;
  readonly memory: string;
  readonly minReplicas: number;
  readonly maxReplicas: number;
}

/** A Deployment without `replicas`: its HPA owns them. */
export function workloadOf({ name, cpu, memory }: WorkloadShape) {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1" as const,
    kind: "Deployment" as const,
    metadata: { name, namespace: NAMESPACE, labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            { name: "app", image: "registry.invalid/app:1", resources: { requests: { cpu, memory } } },
          ],
        },
      },
    },
  };
}

/** On CPU: half of what is requested is the aim. */
export function scalerOf({ name, minReplicas, maxReplicas }: WorkloadShape) {
  return {
    apiVersion: "autoscaling/v2" as const,
    kind: "HorizontalPodAutoscaler" as const,
    metadata: { name, namespace: NAMESPACE },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
      minReplicas,
      maxReplicas,
      metrics: [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
        },
      ],
    },
  };
}

export function budgetOf({ name }: WorkloadShape) {
  return {
    apiVersion: "policy/v1" as const,
    kind: "PodDisruptionBudget" as const,
    metadata: { name, namespace: NAMESPACE },
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: name } } },
  };
}

export async function createWorkload(client: KubeClient, shape: WorkloadShape): Promise<void> {
  await client.create(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, workloadOf(shape));
  await client.create(SCALER_API, scalerOf(shape));
}

export async function readyReplicas(client: KubeClient, name: string): Promise<number> {
  const { status } = await client.get(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`);
  return status.readyReplicas ?? 0;
}

/** Resolves when exactly so many pods of the Deployment are ready; takes the time it took, in ms. */
export async function untilReady(client: KubeClient, name: string, units: number): Promise<number> {
  const beganMs = performance.now();
  await until(`${units} ready pods of ${name}`, { deadlineMs: 60_000 }, async () => {
    const ready = await readyReplicas(client, name);
    if (ready !== units) throw new Error(`${ready} are`);
    return true;
  });
  return Math.round(performance.now() - beganMs);
}

export async function raiseFloor(client: KubeClient, name: string, minReplicas: number): Promise<void> {
  await client.patch(`${SCALER_API}/${name}`, { spec: { minReplicas } });
}

export async function scaler(client: KubeClient, name: string) {
  return client.get(`${SCALER_API}/${name}`);
}
