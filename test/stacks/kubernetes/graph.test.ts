import { describe, expect, test } from "vitest";
import { baseProgramOf, tierProgramOf } from "../../../stacks/programs.ts";
import { CLUSTER, clusterInputs } from "./fixture.ts";
import { type Declared, declaredBy } from "./mocked.ts";

const UNITS = { baseline: 4, predictive: 3, burst: 0 };

function graph(declared: readonly Declared[]): readonly string[] {
  return declared.map(({ type, name, props }) => {
    const metadata = (props["metadata"] ?? {}) as { readonly name?: string; readonly namespace?: string };
    return `${name} ${type} ${metadata.namespace ?? "-"}/${metadata.name ?? "-"}`;
  });
}

describe("the tier stack", () => {
  test("is this graph, whole", async () => {
    const declared = await declaredBy(tierProgramOf(clusterInputs({ units: UNITS, warmUnits: 2 })));
    expect(graph(declared)).toEqual([
      "baseline kubernetes:apps/v1:Deployment shop/shop-baseline",
      "baseline-hpa kubernetes:autoscaling/v2:HorizontalPodAutoscaler shop/shop-baseline",
      "baseline-units tiercast:kubernetes:Tier -/-",
      "burst kubernetes:apps/v1:Deployment shop/shop-burst",
      "burst-hpa kubernetes:autoscaling/v2:HorizontalPodAutoscaler shop/shop-burst",
      "burst-units tiercast:kubernetes:Tier -/-",
      "cluster pulumi:providers:kubernetes -/-",
      "plan tiercast:kubernetes:Plan -/-",
      "plan-record kubernetes:core/v1:ConfigMap shop/shop-plan",
      "predictive kubernetes:apps/v1:Deployment shop/shop-predictive",
      "predictive-hpa kubernetes:autoscaling/v2:HorizontalPodAutoscaler shop/shop-predictive",
      "predictive-units tiercast:kubernetes:Tier -/-",
      "route kubernetes:gateway.networking.k8s.io/v1:HTTPRoute shop/shop",
      "warm tiercast:kubernetes:WarmPool -/-",
      "warm-placeholders kubernetes:apps/v1:Deployment shop/shop-warm",
    ]);
  });

  test("an adopted service is a floor on its own HPA, and nothing per tier", async () => {
    const { resources } = CLUSTER.workload;
    const settings = {
      ...CLUSTER,
      workload: { kind: "adopt", deployment: "web", hpa: "web-hpa", resources },
      warm: { mode: "none" },
    } as const;
    const declared = await declaredBy(tierProgramOf(clusterInputs({ units: UNITS, settings })));
    const cluster = declared.filter(({ type }) => type.startsWith("kubernetes:"));
    expect(graph(cluster)).toEqual([
      "adopted-hpa kubernetes:autoscaling/v2:HorizontalPodAutoscalerPatch shop/web-hpa",
      "plan-record kubernetes:core/v1:ConfigMap shop/shop-plan",
    ]);
    expect(cluster[0]?.props["spec"]).toEqual({ minReplicas: 7 });
  });
});

test("the base stack is this graph, whole", async () => {
  const declared = await declaredBy(
    baseProgramOf({
      service: "shop",
      platform: "kubernetes",
      settings: CLUSTER,
      maxWarmUnits: 4,
      tags: { service: "shop", "managed-by": "tiercast" },
    }),
  );
  expect(graph(declared)).toEqual([
    "cluster pulumi:providers:kubernetes -/-",
    "daemon kubernetes:apps/v1:Deployment shop/shop-tiercast",
    "daemon-account kubernetes:core/v1:ServiceAccount shop/shop-tiercast",
    "daemon-lease kubernetes:coordination.k8s.io/v1:Lease shop/shop-tiercast",
    "daemon-monitor kubernetes:monitoring.coreos.com/v1:ServiceMonitor shop/shop-tiercast",
    "daemon-role kubernetes:rbac.authorization.k8s.io/v1:Role shop/shop-tiercast",
    "daemon-role-binding kubernetes:rbac.authorization.k8s.io/v1:RoleBinding shop/shop-tiercast",
    "daemon-service kubernetes:core/v1:Service shop/shop-tiercast",
    "disruption-baseline kubernetes:policy/v1:PodDisruptionBudget shop/shop-baseline",
    "disruption-burst kubernetes:policy/v1:PodDisruptionBudget shop/shop-burst",
    "disruption-predictive kubernetes:policy/v1:PodDisruptionBudget shop/shop-predictive",
    "gateway kubernetes:gateway.networking.k8s.io/v1:Gateway shop/shop",
    "namespace kubernetes:core/v1:Namespace -/shop",
    "platform tiercast:kubernetes:Platform -/-",
    "priority-baseline kubernetes:scheduling.k8s.io/v1:PriorityClass -/tiercast-shop-baseline",
    "priority-burst kubernetes:scheduling.k8s.io/v1:PriorityClass -/tiercast-shop-burst",
    "priority-predictive kubernetes:scheduling.k8s.io/v1:PriorityClass -/tiercast-shop-predictive",
    "priority-warm kubernetes:scheduling.k8s.io/v1:PriorityClass -/tiercast-shop-warm",
    "quota kubernetes:core/v1:ResourceQuota shop/shop-quota",
    "service-baseline kubernetes:core/v1:Service shop/shop-baseline",
    "service-burst kubernetes:core/v1:Service shop/shop-burst",
    "service-predictive kubernetes:core/v1:Service shop/shop-predictive",
  ]);
});
