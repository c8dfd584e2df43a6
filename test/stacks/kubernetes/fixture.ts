import type { KubernetesPlatformSettings, KubernetesTierSettings } from "../../../src/model/kubernetes.ts";
import type { StackInputs } from "../../../src/model/stack-inputs.ts";
import type { TierUnits } from "../../../src/model/tier.ts";
import { durationMs } from "../../../src/model/time.ts";

const TIER: KubernetesTierSettings = {
  nodeSelector: {},
  tolerations: [],
  spread: undefined,
  spot: undefined,
  maxReplicas: 20,
  hpaMetrics: [{ kind: "resource", name: "cpu", targetUtilizationPercent: 70 }],
};

const RESOURCES = {
  requests: { cpuMillicores: 500, memoryMib: 512 },
  limits: { cpuMillicores: 1000, memoryMib: 1024 },
};

export const CLUSTER: KubernetesPlatformSettings = {
  kind: "kubernetes",
  cluster: { kind: "kubeconfig", path: undefined, context: "test" },
  namespace: { name: "shop", create: true },
  workload: {
    kind: "template",
    image: "registry.test/shop:1",
    ports: [{ name: "http", containerPort: 8080 }],
    resources: RESOURCES,
    env: { COLOUR: "blue" },
    labels: { team: "shop" },
    readiness: {
      path: "/ready",
      port: "http",
      periodMs: durationMs(5000),
      timeoutMs: durationMs(1000),
      failureThreshold: 3,
    },
    liveness: undefined,
    serviceAccount: undefined,
    drainMs: durationMs(30_000),
  },
  tiers: {
    baseline: {
      ...TIER,
      nodeSelector: { pool: "reserved" },
      spread: {
        topologyKey: "topology.kubernetes.io/zone",
        maxSkew: 1,
        whenUnsatisfiable: "ScheduleAnyway",
      },
    },
    predictive: TIER,
    burst: {
      ...TIER,
      tolerations: [{ key: "spot", operator: "Exists", value: undefined, effect: "NoSchedule" }],
      spot: { rule: "prefer", label: "capacity", value: "spot" },
    },
  },
  priorities: { create: true, baseline: 4000, predictive: 3000, burst: 2000, warm: -10 },
  gateway: {
    enabled: true,
    className: "envoy",
    hostname: "shop.test",
    port: 80,
    slaHeader: "x-sla",
    slaClasses: { gold: "baseline", bulk: "burst" },
  },
  disruption: { enabled: true, maxUnavailablePercent: 20 },
  quota: { pods: 60, cpuMillicores: 40_000, memoryMib: 65_536 },
  warm: { mode: "placeholder-pods", image: "registry.test/pause:3" },
  delivery: { kind: "apply" },
  daemon: {
    image: "registry.test/tiercast:1",
    replicas: 2,
    resources: RESOURCES,
    configMap: "shop-tiercast",
    stateClaim: undefined,
    secretName: undefined,
    serviceMonitor: true,
  },
};

export interface FixturePlan {
  readonly units: TierUnits;
  readonly warmUnits?: number;
  readonly readyUnits?: TierUnits;
  readonly settings?: KubernetesPlatformSettings;
  readonly maxTotalUnits?: number;
}

export function clusterInputs(plan: FixturePlan): StackInputs {
  const { units, warmUnits = 0, readyUnits = units, settings = CLUSTER, maxTotalUnits = 40 } = plan;
  const size = (tier: keyof TierUnits) => ({ units: units[tier], priceUsdPerUnitHour: 0.1 });
  return {
    service: "shop",
    platform: "kubernetes",
    kubernetes: { service: "shop", settings, maxTotalUnits, readyUnits },
    planGeneration: 7,
    decisionId: "d-7",
    cutoffMs: Date.UTC(2026, 0, 1),
    tiers: { baseline: size("baseline"), predictive: size("predictive"), burst: size("burst") },
    warm: {
      units: warmUnits,
      priceUsdPerUnitHour: 0.04,
      expiresMs: warmUnits === 0 ? null : Date.UTC(2026, 0, 1, 1),
      ttlWallMs: null,
      reason: "",
    },
    observedUnits: 0,
    tags: { service: "shop", "managed-by": "tiercast", team: "web" },
    endpointFile: "",
  };
}
