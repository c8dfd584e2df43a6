import kubernetes from "@pulumi/kubernetes/index.js";
import { type CustomResource, type CustomResourceOptions, CustomResource as Resource } from "@pulumi/pulumi";
import type { ClusterAccess } from "../../src/model/kubernetes.ts";
import type { ClusterObject, Manifest } from "./cluster-object.ts";

type ResourceClass = new (name: string, args: never, options: CustomResourceOptions) => CustomResource;

/** A resource's own class per kind, so that the SDK's aliases hold; all else is a CustomResource. */
const { apps, autoscaling, coordination, core, policy, rbac, scheduling } = kubernetes;
const CLASSES: Readonly<Record<string, ResourceClass>> = {
  "apps/v1/Deployment": apps.v1.Deployment,
  "autoscaling/v2/HorizontalPodAutoscaler": autoscaling.v2.HorizontalPodAutoscaler,
  "coordination.k8s.io/v1/Lease": coordination.v1.Lease,
  "policy/v1/PodDisruptionBudget": policy.v1.PodDisruptionBudget,
  "rbac.authorization.k8s.io/v1/ClusterRole": rbac.v1.ClusterRole,
  "rbac.authorization.k8s.io/v1/ClusterRoleBinding": rbac.v1.ClusterRoleBinding,
  "rbac.authorization.k8s.io/v1/Role": rbac.v1.Role,
  "rbac.authorization.k8s.io/v1/RoleBinding": rbac.v1.RoleBinding,
  "scheduling.k8s.io/v1/PriorityClass": scheduling.v1.PriorityClass,
  "v1/ConfigMap": core.v1.ConfigMap,
  "v1/Namespace": core.v1.Namespace,
  "v1/PodTemplate": core.v1.PodTemplate,
  "v1/ResourceQuota": core.v1.ResourceQuota,
  "v1/Service": core.v1.Service,
  "v1/ServiceAccount": core.v1.ServiceAccount,
};

/** The cluster as a provider: server-side apply, and what cannot be reached is never taken for deleted. */
export function clusterProvider(cluster: ClusterAccess, namespace: string): kubernetes.Provider {
  const access =
    cluster.kind === "in-cluster"
      ? {}
      : {
          ...(cluster.path === undefined ? {} : { kubeconfig: cluster.path }),
          ...(cluster.context === undefined ? {} : { context: cluster.context }),
        };
  return new kubernetes.Provider("cluster", {
    ...access,
    namespace,
    enableServerSideApply: true,
    deleteUnreachable: false,
  });
}

/** One resource for one object. */
export function declare(
  { name, manifest, isPatch }: ClusterObject,
  options: CustomResourceOptions,
): CustomResource {
  if (isPatch === true) return declarePatch(name, manifest, options);
  const ownClass = CLASSES[`${manifest.apiVersion}/${manifest.kind}`];
  // The API server, not the compiler, judges what a manifest holds.
  if (ownClass !== undefined) return new ownClass(name, manifest as never, options);
  return new kubernetes.apiextensions.CustomResource(name, manifest, options);
}

function declarePatch(name: string, manifest: Manifest, options: CustomResourceOptions): CustomResource {
  if (manifest.kind !== "HorizontalPodAutoscaler") throw new Error(`no patch of a ${manifest.kind}`);
  return new autoscaling.v2.HorizontalPodAutoscalerPatch(name, manifest as never, options);
}

/** A resource of the engine's state alone: see state-kinds.ts. */
export class StateResource extends Resource {
  constructor(
    kind: "Platform" | "Plan" | "Tier" | "WarmPool",
    name: string,
    args: Readonly<Record<string, unknown>>,
    options?: CustomResourceOptions,
  ) {
    super(`tiercast:kubernetes:${kind}`, name, { ...args }, options);
  }
}
