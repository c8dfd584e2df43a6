import type {
  KubernetesPlatformSettings,
  KubernetesProbe,
  KubernetesTierSettings,
  SpotSettings,
  TemplateWorkload,
  UnitResources,
} from "../../src/model/kubernetes.ts";
import { kubernetesNames } from "../../src/model/kubernetes.ts";
import type { Tier } from "../../src/model/tier.ts";
import { podLabels } from "./cluster-object.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The pod of a tier's unit. The same for every decision: a size never restarts a pod. */
export function unitTemplate(
  service: string,
  settings: KubernetesPlatformSettings,
  workload: TemplateWorkload,
  tier: Tier,
): Fields {
  const { readiness, liveness, serviceAccount, env } = workload;
  const container = {
    name: service,
    image: workload.image,
    ...(workload.ports.length === 0
      ? {}
      : { ports: workload.ports.map(({ name, containerPort }) => ({ name, containerPort })) }),
    ...(Object.keys(env).length === 0
      ? {}
      : { env: Object.entries(env).map(([name, value]) => ({ name, value })) }),
    resources: containerResources(workload.resources),
    ...(readiness === undefined ? {} : { readinessProbe: probe(readiness) }),
    ...(liveness === undefined ? {} : { livenessProbe: probe(liveness) }),
  };
  return {
    metadata: { labels: { ...workload.labels, ...podLabels(service, tier) } },
    spec: {
      priorityClassName: kubernetesNames(service).priorityClasses[tier],
      terminationGracePeriodSeconds: Math.ceil(workload.drainMs / 1000),
      ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
      ...placement(settings.tiers[tier], podLabels(service, tier)),
      containers: [container],
    },
  };
}

/** A pod that only holds room: the requests of a unit, the lowest priority, gone within no time. */
export function pauseTemplate(
  service: string,
  settings: KubernetesPlatformSettings,
  image: string,
  resources: UnitResources,
): Fields {
  return {
    metadata: { labels: podLabels(service, "warm") },
    spec: {
      priorityClassName: kubernetesNames(service).priorityClasses.warm,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      // Warm room is for the tier that takes what was not forecast.
      ...placement(settings.tiers.burst, podLabels(service, "warm")),
      containers: [{ name: "pause", image, resources: containerResources(resources) }],
    },
  };
}

export function containerResources({ requests, limits }: UnitResources): Fields {
  const amounts = ({ cpuMillicores, memoryMib }: UnitResources["requests"]) => ({
    cpu: `${cpuMillicores}m`,
    memory: `${memoryMib}Mi`,
  });
  return { requests: amounts(requests), limits: amounts(limits) };
}

function placement(tier: KubernetesTierSettings, labels: Readonly<Record<string, string>>): Fields {
  const { nodeSelector, tolerations, spread, spot } = tier;
  return {
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    ...(tolerations.length === 0 ? {} : { tolerations: tolerations.map(toleration) }),
    ...(spread === undefined
      ? {}
      : { topologySpreadConstraints: [{ ...spread, labelSelector: { matchLabels: labels } }] }),
    ...(spot === undefined ? {} : { affinity: { nodeAffinity: spotAffinity(spot) } }),
  };
}

function toleration({ key, operator, value, effect }: KubernetesTierSettings["tolerations"][number]): Fields {
  return {
    key,
    operator,
    ...(value === undefined ? {} : { value }),
    ...(effect === undefined ? {} : { effect }),
  };
}

function spotAffinity({ rule, label, value }: SpotSettings): Fields {
  const operator = rule === "avoid" ? "NotIn" : "In";
  const term = { matchExpressions: [{ key: label, operator, values: [value] }] };
  if (rule === "require")
    return { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } };
  return { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: term }] };
}

function probe({ path, port, periodMs, timeoutMs, failureThreshold }: KubernetesProbe): Fields {
  return {
    httpGet: { path, port },
    periodSeconds: Math.max(1, Math.round(periodMs / 1000)),
    timeoutSeconds: Math.max(1, Math.round(timeoutMs / 1000)),
    failureThreshold,
  };
}
