import {
  type KubernetesBaseInputs,
  type KubernetesPlatformSettings,
  kubernetesNames,
  type TemplateWorkload,
} from "../../src/model/kubernetes.ts";
import { TIERS, type Tier } from "../../src/model/tier.ts";
import { baseMetadata, type ClusterObject, podLabels } from "./cluster-object.ts";
import { daemonObjects } from "./daemon-objects.ts";
import { rightsObjects } from "./rights-objects.ts";

/** All objects of a base stack: what does not change with load. A function of its inputs alone. */
export function baseObjects(inputs: KubernetesBaseInputs): readonly ClusterObject[] {
  const { settings } = inputs;
  const { workload, gateway, disruption, daemon } = settings;
  return [
    ...(settings.namespace.create ? [namespaceObject(inputs)] : []),
    ...(settings.priorities.create ? priorityClasses(inputs) : []),
    ...(workload.kind === "template" ? TIERS.flatMap((tier) => serviceObject(inputs, workload, tier)) : []),
    ...(workload.kind === "template" && disruption.enabled
      ? TIERS.map((tier) => disruptionBudget(inputs, tier))
      : []),
    ...(gateway.enabled ? [gatewayObject(inputs)] : []),
    ...quotaObjects(inputs),
    ...(daemon === undefined ? [] : [...rightsObjects(inputs), ...daemonObjects(inputs, daemon)]),
  ];
}

function namespaceObject(inputs: KubernetesBaseInputs): ClusterObject {
  const metadata = baseMetadata(inputs, inputs.settings.namespace.name, "cluster");
  return { name: "namespace", manifest: { apiVersion: "v1", kind: "Namespace", metadata } };
}

/** Baseline evicts predictive, predictive evicts burst, every unit evicts warm placeholders. */
function priorityClasses(inputs: KubernetesBaseInputs): readonly ClusterObject[] {
  const { priorityClasses: names } = kubernetesNames(inputs.service);
  return ([...TIERS, "warm"] as const).map((tier) => ({
    name: `priority-${tier}`,
    manifest: {
      apiVersion: "scheduling.k8s.io/v1",
      kind: "PriorityClass",
      metadata: baseMetadata(inputs, names[tier], "cluster", tier),
      value: inputs.settings.priorities[tier],
      globalDefault: false,
      // What is below nothing else needs no victims of its own.
      preemptionPolicy: tier === "warm" ? "Never" : "PreemptLowerPriority",
      description: `tiercast: ${tier} of ${inputs.service}`,
    },
  }));
}

function serviceObject(
  inputs: KubernetesBaseInputs,
  { ports }: TemplateWorkload,
  tier: Tier,
): readonly ClusterObject[] {
  if (ports.length === 0) return [];
  return [
    {
      name: `service-${tier}`,
      manifest: {
        apiVersion: "v1",
        kind: "Service",
        metadata: baseMetadata(inputs, kubernetesNames(inputs.service).tiers[tier], "namespaced", tier),
        spec: {
          selector: podLabels(inputs.service, tier),
          ports: ports.map(({ name, containerPort }, i) => ({
            name,
            // The first port is the one that the route sends requests to.
            port: i === 0 ? inputs.settings.gateway.port : containerPort,
            targetPort: name,
          })),
        },
      },
    },
  ];
}

function disruptionBudget(inputs: KubernetesBaseInputs, tier: Tier): ClusterObject {
  const { maxUnavailablePercent } = inputs.settings.disruption;
  return {
    name: `disruption-${tier}`,
    manifest: {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: baseMetadata(inputs, kubernetesNames(inputs.service).tiers[tier], "namespaced", tier),
      spec: {
        maxUnavailable: `${maxUnavailablePercent}%`,
        selector: { matchLabels: podLabels(inputs.service, tier) },
      },
    },
  };
}

/** The HTTPRoute is the tier stack's: its weights change with load. */
function gatewayObject(inputs: KubernetesBaseInputs): ClusterObject {
  const { className, hostname, port } = inputs.settings.gateway;
  const listener = { name: "http", protocol: "HTTP", port, allowedRoutes: { namespaces: { from: "Same" } } };
  return {
    name: "gateway",
    manifest: {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "Gateway",
      metadata: baseMetadata(inputs, kubernetesNames(inputs.service).gateway),
      spec: {
        gatewayClassName: className,
        listeners: [hostname === undefined ? listener : { ...listener, hostname }],
      },
    },
  };
}

function quotaObjects(inputs: KubernetesBaseInputs): readonly ClusterObject[] {
  const { quota }: KubernetesPlatformSettings = inputs.settings;
  if (quota === undefined) return [];
  const hard = {
    pods: String(quota.pods),
    "requests.cpu": `${quota.cpuMillicores}m`,
    "requests.memory": `${quota.memoryMib}Mi`,
  };
  const metadata = baseMetadata(inputs, kubernetesNames(inputs.service).quota);
  return [{ name: "quota", manifest: { apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard } } }];
}
