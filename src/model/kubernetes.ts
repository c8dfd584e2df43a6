import type { Tier } from "./tier.ts";
import type { DurationMs } from "./time.ts";

/** The tiers as Deployments of a cluster, each with a HorizontalPodAutoscaler whose bounds are the levers. */
export interface KubernetesPlatformSettings {
  readonly kind: "kubernetes";
  readonly cluster: ClusterAccess;
  readonly namespace: NamespaceSettings;
  readonly workload: KubernetesWorkload;
  readonly tiers: Readonly<Record<Tier, KubernetesTierSettings>>;
  readonly priorities: PriorityValues;
  readonly gateway: GatewaySettings;
  readonly disruption: DisruptionSettings;
  /** Undefined: no ResourceQuota. */
  readonly quota: QuotaSettings | undefined;
  readonly warm: KubernetesWarmSettings;
  /** `pull-request`: tier inputs are rendered for somebody else to apply. Never both for one stack. */
  readonly delivery: KubernetesDelivery;
  /** Undefined: the daemon runs elsewhere, and the base stack has neither its Deployment nor its rights. */
  readonly daemon: DaemonSettings | undefined;
}

export type ClusterAccess =
  /** The service account that the daemon's pod is given. */
  | { readonly kind: "in-cluster" }
  /** `path` undefined: KUBECONFIG, else ~/.kube/config. `context` undefined: the file's own. */
  | { readonly kind: "kubeconfig"; readonly path: string | undefined; readonly context: string | undefined };

export interface NamespaceSettings {
  readonly name: string;
  /** False: it is there already and stays when the base stack goes. */
  readonly create: boolean;
}

export type KubernetesWorkload = TemplateWorkload | AdoptedWorkload;

/** What runs in a unit: one container of one pod. */
export interface TemplateWorkload {
  readonly kind: "template";
  readonly image: string;
  readonly ports: readonly KubernetesPort[];
  readonly resources: UnitResources;
  readonly env: Readonly<Record<string, string>>;
  /** Of the pods, beside tiercast's own. */
  readonly labels: Readonly<Record<string, string>>;
  readonly readiness: KubernetesProbe | undefined;
  readonly liveness: KubernetesProbe | undefined;
  readonly serviceAccount: string | undefined;
  /** Time a pod may take to finish its requests. */
  readonly drainMs: DurationMs;
}

/**
 * An existing Deployment and its HPA, which stay whose they are: of the HPA only `minReplicas` (all tiers together)
 * is held. There is nothing to place, to route or to prioritise by tier.
 */
export interface AdoptedWorkload {
  readonly kind: "adopt";
  readonly deployment: string;
  readonly hpa: string;
  /** Of one unit, for the cost and for placeholders: what its pods request. */
  readonly resources: UnitResources;
}

export interface KubernetesPort {
  readonly name: string;
  readonly containerPort: number;
}

/** Requests and limits of one unit, in whole thousandths of a core and whole MiB. */
export interface UnitResources {
  readonly requests: ResourceAmounts;
  readonly limits: ResourceAmounts;
}

export interface ResourceAmounts {
  readonly cpuMillicores: number;
  readonly memoryMib: number;
}

export interface KubernetesProbe {
  readonly path: string;
  /** Name of one of the ports. */
  readonly port: string;
  readonly periodMs: DurationMs;
  readonly timeoutMs: DurationMs;
  readonly failureThreshold: number;
}

/** Where the units of a tier run, and how far their HPA may go by itself. */
export interface KubernetesTierSettings {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly KubernetesToleration[];
  readonly spread: SpreadSettings | undefined;
  readonly spot: SpotSettings | undefined;
  /** Most pods the tier's HPA may have, whoever asks. */
  readonly maxReplicas: number;
  /** What the HPA itself scales by above the planned size; at least one. */
  readonly hpaMetrics: readonly HpaMetric[];
}

export interface KubernetesToleration {
  readonly key: string;
  readonly operator: "Equal" | "Exists";
  readonly value: string | undefined;
  readonly effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute" | undefined;
}

export interface SpreadSettings {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly whenUnsatisfiable: "ScheduleAnyway" | "DoNotSchedule";
}

/** Nodes that can be taken away: by label, and whether others would do. */
export interface SpotSettings {
  readonly rule: "prefer" | "require" | "avoid";
  readonly label: string;
  readonly value: string;
}

export type HpaMetric =
  | { readonly kind: "resource"; readonly name: "cpu" | "memory"; readonly targetUtilizationPercent: number }
  /** A custom metric of the pods, mean over them. */
  | { readonly kind: "pods"; readonly name: string; readonly targetAverage: string }
  | {
      readonly kind: "external";
      readonly name: string;
      readonly selector: Readonly<Record<string, string>>;
      readonly targetAverage: string;
    };

/** Scheduler priorities; they must fall in this order. `create` false: classes of these names are there already. */
export interface PriorityValues {
  readonly create: boolean;
  readonly baseline: number;
  readonly predictive: number;
  readonly burst: number;
  readonly warm: number;
}

/** Gateway API: one Gateway and one HTTPRoute that shares requests among the tiers. */
export interface GatewaySettings {
  readonly enabled: boolean;
  readonly className: string;
  /** Undefined: every host. */
  readonly hostname: string | undefined;
  readonly port: number;
  /** Requests that carry this header go to the tier their class names. */
  readonly slaHeader: string | undefined;
  /** Header value -> tier, e.g. gold -> baseline. */
  readonly slaClasses: Readonly<Record<string, Tier>>;
}

export interface DisruptionSettings {
  readonly enabled: boolean;
  /** Share of a tier that may be away at a time, in whole percent. */
  readonly maxUnavailablePercent: number;
}

export interface QuotaSettings {
  /** Pods of the namespace. */
  readonly pods: number;
  readonly cpuMillicores: number;
  readonly memoryMib: number;
}

export type KubernetesWarmSettings =
  /** Pause pods of the lowest priority: evicted at once when a real unit needs their room. */
  | { readonly mode: "placeholder-pods"; readonly image: string }
  /** The CapacityBuffer API of the cluster autoscaler. */
  | { readonly mode: "capacity-buffer"; readonly provisioningStrategy: string; readonly image: string }
  /** A NodePool of Karpenter with a fixed number of nodes. */
  | {
      readonly mode: "karpenter-nodepool";
      readonly unitsPerNode: number;
      readonly nodeClass: { readonly group: string; readonly kind: string; readonly name: string };
      readonly requirements: readonly NodeRequirement[];
    }
  | { readonly mode: "none" };

export interface NodeRequirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
}

export type KubernetesDelivery =
  | { readonly kind: "apply" }
  | { readonly kind: "pull-request"; readonly folder: string; readonly branch: string };

export interface DaemonSettings {
  readonly image: string;
  readonly replicas: number;
  readonly resources: UnitResources;
  /** ConfigMap of the namespace with `tiercast.yaml`. */
  readonly configMap: string;
  /** PersistentVolumeClaim for the state folder; undefined: it is lost with the pod. */
  readonly stateClaim: string | undefined;
  /** Secret whose keys become environment variables (backend credentials, passphrase); undefined: none. */
  readonly secretName: string | undefined;
  readonly serviceMonitor: boolean;
}

/** What the policy pack is told of a cluster. */
export interface KubernetesPolicyLimits {
  /** Highest maxReplicas of each tier's HPA. */
  readonly maxReplicas: Readonly<Record<Tier, number>>;
  /** Prices of what pods request; `none`: only the price per unit counts. */
  readonly requestPrices:
    | { readonly usdPerCpuCoreHour: number; readonly usdPerMemoryGibHour: number }
    | "none";
}

/** What a Kubernetes tier stack is a function of. Plain JSON, as the local one's. */
export interface KubernetesTierPlacement {
  readonly service: string;
  readonly settings: KubernetesPlatformSettings;
  /** Largest sum of the three tiers: what the HPAs may reach together. */
  readonly maxTotalUnits: number;
  /** Ready units per tier when the plan was made: the weights of the route follow them. */
  readonly readyUnits: Readonly<Record<Tier, number>>;
}

/** What a Kubernetes base stack is a function of. */
export interface KubernetesBaseInputs {
  readonly service: string;
  readonly platform: "kubernetes";
  readonly settings: KubernetesPlatformSettings;
  readonly maxWarmUnits: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** Names of all objects, made from the service's: a crashed update finds what it made. */
export interface KubernetesNames {
  /** Deployment, HPA, Service and PodDisruptionBudget of a tier. */
  readonly tiers: Readonly<Record<Tier, string>>;
  readonly priorityClasses: Readonly<Record<Tier | "warm", string>>;
  /** Deployment of placeholders, CapacityBuffer with its PodTemplate, or NodePool. */
  readonly warm: string;
  /** ConfigMap with the plan that was applied last: see `PLAN_KEYS`. */
  readonly plan: string;
  readonly gateway: string;
  readonly route: string;
  readonly quota: string;
  /** Deployment, ServiceAccount, Role and RoleBinding of the daemon. */
  readonly daemon: string;
  /** Lease by which replicas of the daemon elect one. */
  readonly lease: string;
}

export function kubernetesNames(service: string): KubernetesNames {
  return {
    tiers: {
      baseline: `${service}-baseline`,
      predictive: `${service}-predictive`,
      burst: `${service}-burst`,
    },
    priorityClasses: {
      baseline: `tiercast-${service}-baseline`,
      predictive: `tiercast-${service}-predictive`,
      burst: `tiercast-${service}-burst`,
      warm: `tiercast-${service}-warm`,
    },
    warm: `${service}-warm`,
    plan: `${service}-plan`,
    gateway: service,
    route: service,
    quota: `${service}-quota`,
    daemon: `${service}-tiercast`,
    lease: `${service}-tiercast`,
  };
}

/** Keys of the plan's ConfigMap; all its values are texts. `expiresMs` is empty for an empty pool. */
export const PLAN_KEYS = [
  "planGeneration",
  "decisionId",
  "cutoffMs",
  "baseline",
  "predictive",
  "burst",
  "warm",
  "expiresMs",
] as const;

/** On every object of the tier and base stacks, and on their pods. */
export const LABELS = {
  service: "app.kubernetes.io/name",
  managedBy: "app.kubernetes.io/managed-by",
  /** baseline, predictive, burst; `warm` on placeholders. */
  tier: "tiercast.dev/tier",
} as const;

/** On objects, never on pods: a new decision restarts nothing. */
export const ANNOTATIONS = {
  decisionId: "tiercast.dev/decision-id",
  planGeneration: "tiercast.dev/plan-generation",
  /** Units the plan has for the tier: 0 also where the HPA's minReplicas cannot say it. */
  plannedUnits: "tiercast.dev/planned-units",
  /** RFC 3339; on placeholders. */
  expiresAt: "tiercast.dev/expires-at",
} as const;

/** Field manager of every write, and the value of `managedBy`. */
export const FIELD_MANAGER = "tiercast";
