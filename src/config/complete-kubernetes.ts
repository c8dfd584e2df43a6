import type {
  HpaMetric,
  KubernetesPlatformSettings,
  KubernetesPolicyLimits,
  KubernetesProbe,
  KubernetesTierSettings,
  KubernetesWarmSettings,
  KubernetesWorkload,
} from "../model/kubernetes.ts";
import type { TierSettings } from "../model/settings.ts";
import type { Tier } from "../model/tier.ts";
import { kubernetesField, type ParsedKubernetes } from "./kubernetes-fields.ts";

export interface KubernetesContext {
  readonly service: string;
  readonly tiers: Readonly<Record<Tier, TierSettings>>;
  readonly file: <T extends string | undefined>(path: T) => T;
}

/** `platform.kubernetes` with what follows from other settings. What is missing altogether the checks refuse. */
export function completeKubernetes(
  given: ParsedKubernetes | undefined,
  { service, tiers, file }: KubernetesContext,
): KubernetesPlatformSettings {
  const parsed = given ?? kubernetesField.parse({});
  const { inCluster, kubeconfig, context, delivery, deliveryFolder: folder, deliveryBranch: branch } = parsed;
  const tier = (name: Tier) => completeTier(parsed.tiers[name], tiers[name]);
  return {
    kind: "kubernetes",
    cluster: inCluster ? { kind: "in-cluster" } : { kind: "kubeconfig", path: file(kubeconfig), context },
    namespace: { name: parsed.namespace ?? service, create: parsed.createNamespace },
    workload: completeWorkload(parsed.workload),
    tiers: { baseline: tier("baseline"), predictive: tier("predictive"), burst: tier("burst") },
    priorities: parsed.priorities,
    gateway: {
      ...parsed.gateway,
      hostname: parsed.gateway.hostname,
      slaHeader: parsed.gateway.slaHeader,
    },
    disruption: parsed.disruption,
    quota: parsed.quota,
    warm: completeWarm(parsed.warm),
    delivery: delivery === "apply" ? { kind: "apply" } : { kind: "pull-request", folder, branch },
    daemon:
      parsed.daemon === undefined
        ? undefined
        : { ...parsed.daemon, stateClaim: parsed.daemon.stateClaim, secretName: parsed.daemon.secretName },
  };
}

/** Limits for the policy pack that only a cluster has. */
export function kubernetesLimits(
  platform: KubernetesPlatformSettings,
  parsed: ParsedKubernetes | undefined,
): KubernetesPolicyLimits {
  const { baseline, predictive, burst } = platform.tiers;
  return {
    maxReplicas: {
      baseline: baseline.maxReplicas,
      predictive: predictive.maxReplicas,
      burst: burst.maxReplicas,
    },
    requestPrices: parsed?.requestPrices ?? "none",
  };
}

function completeWorkload(parsed: ParsedKubernetes["workload"]): KubernetesWorkload {
  const { adopt, resources } = parsed;
  if (adopt !== undefined) return { kind: "adopt", ...adopt, resources };
  const { image, ports, env, labels, readiness, liveness, serviceAccount, drain } = parsed;
  return {
    kind: "template",
    image: image ?? "",
    ports,
    resources,
    env,
    labels,
    readiness: readiness && completeProbe(readiness),
    liveness: liveness && completeProbe(liveness),
    serviceAccount,
    drainMs: drain,
  };
}

function completeProbe(parsed: NonNullable<ParsedKubernetes["workload"]["readiness"]>): KubernetesProbe {
  const { path, port, period, timeout, failureThreshold } = parsed;
  return { path, port, periodMs: period, timeoutMs: timeout, failureThreshold };
}

function completeTier(
  parsed: ParsedKubernetes["tiers"][Tier],
  { maxUnits }: TierSettings,
): KubernetesTierSettings {
  const { nodeSelector, tolerations, spread, spot, maxReplicas, hpaMetrics } = parsed;
  return {
    nodeSelector,
    tolerations: tolerations.map(({ key, operator, value, effect }) => ({ key, operator, value, effect })),
    spread,
    spot,
    maxReplicas: maxReplicas ?? Math.max(1, maxUnits),
    hpaMetrics: hpaMetrics.map(completeMetric),
  };
}

function completeMetric(parsed: ParsedKubernetes["tiers"][Tier]["hpaMetrics"][number]): HpaMetric {
  const { resource, targetUtilizationPercent, pods, external, selector, targetAverage } = parsed;
  if (external !== undefined) return { kind: "external", name: external, selector, targetAverage };
  if (pods !== undefined) return { kind: "pods", name: pods, targetAverage };
  return { kind: "resource", name: resource ?? "cpu", targetUtilizationPercent };
}

function completeWarm(parsed: ParsedKubernetes["warm"]): KubernetesWarmSettings {
  const { mode, image, provisioningStrategy, unitsPerNode, nodeClass, requirements } = parsed;
  switch (mode) {
    case "none":
      return { mode };
    case "placeholder-pods":
      return { mode, image };
    case "capacity-buffer":
      return { mode, image, provisioningStrategy };
    case "karpenter-nodepool":
      return { mode, unitsPerNode, nodeClass: nodeClass ?? { group: "", kind: "", name: "" }, requirements };
  }
}
