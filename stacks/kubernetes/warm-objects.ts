import {
  ANNOTATIONS,
  type KubernetesTierPlacement,
  type KubernetesWarmSettings,
  kubernetesNames,
  LABELS,
} from "../../src/model/kubernetes.ts";
import type { StackInputs } from "../../src/model/stack-inputs.ts";
import {
  type ClusterObject,
  decisionAnnotations,
  objectLabels,
  podLabels,
  WRITE_ANNOTATIONS,
} from "./cluster-object.ts";
import { pauseTemplate } from "./pod-template.ts";

type Mode<M extends KubernetesWarmSettings["mode"]> = Extract<KubernetesWarmSettings, { readonly mode: M }>;

/** Warm capacity by the means the cluster has; always there, with 0 when none is wanted. */
export function warmObjects(
  inputs: StackInputs,
  placement: KubernetesTierPlacement,
): readonly ClusterObject[] {
  const { warm } = placement.settings;
  switch (warm.mode) {
    case "none":
      return [];
    case "placeholder-pods":
      return [placeholders(inputs, placement, warm)];
    case "capacity-buffer":
      return capacityBuffer(inputs, placement, warm);
    case "karpenter-nodepool":
      return [nodePool(inputs, placement, warm)];
  }
}

/** No HPA holds this Deployment and nothing else is told to: its `replicas` are the plan's own. */
function placeholders(
  inputs: StackInputs,
  placement: KubernetesTierPlacement,
  warm: Mode<"placeholder-pods">,
): ClusterObject {
  const { service, settings } = placement;
  const template = pauseTemplate(service, settings, warm.image, settings.workload.resources);
  return {
    name: "warm-placeholders",
    manifest: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: warmMetadata(inputs, placement),
      spec: {
        replicas: inputs.warm.units,
        selector: { matchLabels: podLabels(service, "warm") },
        strategy: { type: "Recreate" },
        template,
      },
    },
  };
}

function capacityBuffer(
  inputs: StackInputs,
  placement: KubernetesTierPlacement,
  warm: Mode<"capacity-buffer">,
): readonly ClusterObject[] {
  const { service, settings } = placement;
  const metadata = warmMetadata(inputs, placement);
  const template = pauseTemplate(service, settings, warm.image, settings.workload.resources);
  return [
    {
      name: "warm-template",
      manifest: {
        apiVersion: "v1",
        kind: "PodTemplate",
        metadata: { ...metadata, annotations: WRITE_ANNOTATIONS },
        template,
      },
    },
    {
      name: "warm-buffer",
      manifest: {
        apiVersion: "autoscaling.x-k8s.io/v1alpha1",
        kind: "CapacityBuffer",
        metadata,
        spec: {
          provisioningStrategy: warm.provisioningStrategy,
          podTemplateRef: { name: metadata.name },
          replicas: inputs.warm.units,
        },
      },
    },
  ];
}

/** Static capacity: whole nodes, so the last one may hold more than was asked for. */
function nodePool(
  inputs: StackInputs,
  placement: KubernetesTierPlacement,
  warm: Mode<"karpenter-nodepool">,
): ClusterObject {
  const nodes = Math.ceil(inputs.warm.units / warm.unitsPerNode);
  const { namespace: _none, ...metadata } = warmMetadata(inputs, placement);
  const requirements = warm.requirements.map(({ key, operator, values }) => {
    return values.length === 0 ? { key, operator } : { key, operator, values };
  });
  return {
    name: "warm-nodes",
    manifest: {
      apiVersion: "karpenter.sh/v1",
      kind: "NodePool",
      metadata,
      spec: {
        replicas: nodes,
        template: {
          // Not the pods' labels: Karpenter refuses node labels under kubernetes.io.
          metadata: { labels: { [LABELS.tier]: "warm" } },
          spec: { nodeClassRef: warm.nodeClass, requirements },
        },
      },
    },
  };
}

function warmMetadata(inputs: StackInputs, { service, settings }: KubernetesTierPlacement) {
  const { units, expiresMs } = inputs.warm;
  const expiry =
    expiresMs === null ? {} : { [ANNOTATIONS.expiresAt]: new Date(Math.ceil(expiresMs)).toISOString() };
  return {
    name: kubernetesNames(service).warm,
    namespace: settings.namespace.name,
    labels: objectLabels(service, inputs.tags, "warm"),
    annotations: { ...decisionAnnotations(inputs, units), ...expiry },
  };
}
