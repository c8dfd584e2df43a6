import {
  type KubernetesBaseInputs,
  type KubernetesNames,
  kubernetesNames,
} from "../../src/model/kubernetes.ts";
import { TIERS } from "../../src/model/tier.ts";
import { baseMetadata, type ClusterObject } from "./cluster-object.ts";

export interface RightsRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** Server-side apply is one PATCH; when the object is not there yet, `create` is asked for too, by its name. */
const WRITE = ["get", "patch", "create"] as const;

/**
 * What the daemon may do in its namespace: write the objects of the tier stack by name, read pods and events, hold
 * its lease. No secrets, no delete, no object that is not its own.
 */
export function daemonRules({ service, settings }: KubernetesBaseInputs): readonly RightsRule[] {
  const names = kubernetesNames(service);
  const { workload, gateway } = settings;
  const tierNames = TIERS.map((tier) => names.tiers[tier]);
  const levers: readonly RightsRule[] =
    workload.kind === "adopt"
      ? [
          named("apps", "deployments", [workload.deployment], ["get"]),
          named("autoscaling", "horizontalpodautoscalers", [workload.hpa], ["get", "patch"]),
        ]
      : [
          named("apps", "deployments", tierNames, WRITE),
          named("autoscaling", "horizontalpodautoscalers", tierNames, WRITE),
        ];
  return [
    ...levers,
    named("", "configmaps", [names.plan], WRITE),
    ...(gateway.enabled && workload.kind === "template"
      ? [named("gateway.networking.k8s.io", "httproutes", [names.route], WRITE)]
      : []),
    ...warmRules(settings.warm.mode, names),
    { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] },
    { apiGroups: [""], resources: ["events"], verbs: ["list"] },
    named("coordination.k8s.io", "leases", [names.lease], ["get", "update", "patch"]),
  ];
}

function warmRules(
  mode: KubernetesBaseInputs["settings"]["warm"]["mode"],
  names: KubernetesNames,
): readonly RightsRule[] {
  switch (mode) {
    case "placeholder-pods":
      return [named("apps", "deployments", [names.warm], WRITE)];
    case "capacity-buffer":
      return [
        named("", "podtemplates", [names.warm], WRITE),
        named("autoscaling.x-k8s.io", "capacitybuffers", [names.warm], WRITE),
      ];
    // A NodePool belongs to no namespace: a ClusterRole of its own.
    case "karpenter-nodepool":
    case "none":
      return [];
  }
}

export function rightsObjects(inputs: KubernetesBaseInputs): readonly ClusterObject[] {
  const name = kubernetesNames(inputs.service).daemon;
  const metadata = baseMetadata(inputs, name);
  const rbac = "rbac.authorization.k8s.io";
  const subjects = [{ kind: "ServiceAccount", name, namespace: inputs.settings.namespace.name }];
  const roleRef = (kind: string, role: string) => ({ apiGroup: rbac, kind, name: role });
  const own: readonly ClusterObject[] = [
    { name: "daemon-account", manifest: { apiVersion: "v1", kind: "ServiceAccount", metadata } },
    {
      name: "daemon-role",
      manifest: { apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules: daemonRules(inputs) },
    },
    {
      name: "daemon-role-binding",
      manifest: {
        apiVersion: `${rbac}/v1`,
        kind: "RoleBinding",
        metadata,
        roleRef: roleRef("Role", name),
        subjects,
      },
    },
  ];
  if (inputs.settings.warm.mode !== "karpenter-nodepool") return own;
  const clusterName = `tiercast-${inputs.service}`;
  const clusterMetadata = baseMetadata(inputs, clusterName, "cluster");
  const rules = [named("karpenter.sh", "nodepools", [kubernetesNames(inputs.service).warm], WRITE)];
  return [
    ...own,
    {
      name: "daemon-cluster-role",
      manifest: { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: clusterMetadata, rules },
    },
    {
      name: "daemon-cluster-role-binding",
      manifest: {
        apiVersion: `${rbac}/v1`,
        kind: "ClusterRoleBinding",
        metadata: clusterMetadata,
        roleRef: roleRef("ClusterRole", clusterName),
        subjects,
      },
    },
  ];
}

function named(
  group: string,
  resource: string,
  resourceNames: readonly string[],
  verbs: readonly string[],
): RightsRule {
  return { apiGroups: [group], resources: [resource], resourceNames, verbs };
}
