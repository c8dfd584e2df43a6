import {
  type HpaMetric,
  type KubernetesTierPlacement,
  kubernetesNames,
  PLAN_KEYS,
  type TemplateWorkload,
} from "../../src/model/kubernetes.ts";
import type { StackInputs } from "../../src/model/stack-inputs.ts";
import { TIERS, type Tier, type TierUnits } from "../../src/model/tier.ts";
import {
  type ClusterObject,
  decisionAnnotations,
  FORCE_ANNOTATION,
  objectLabels,
  podLabels,
  WRITE_ANNOTATIONS,
} from "./cluster-object.ts";
import { type HpaBounds, hpaBounds } from "./hpa-bounds.ts";
import { unitTemplate } from "./pod-template.ts";
import { routeObject } from "./route-object.ts";
import { warmObjects } from "./warm-objects.ts";

/** All objects of a tier stack, in the order of writing. A function of its inputs alone. */
export function tierObjects(inputs: StackInputs): readonly ClusterObject[] {
  const placement = placementOf(inputs);
  const { workload, gateway } = placement.settings;
  const units = unitsOf(inputs);
  const warm = warmObjects(inputs, placement);
  if (workload.kind === "adopt")
    return [planObject(inputs, placement), adoptedHpa(inputs, placement), ...warm];
  const bounds = hpaBounds(units, placement);
  return [
    planObject(inputs, placement),
    ...TIERS.flatMap((tier) => [
      deploymentObject(inputs, placement, workload, tier),
      hpaObject(inputs, placement, tier, bounds[tier]),
    ]),
    ...warm,
    ...(gateway.enabled ? [routeObject(placement, units, inputs.tags)] : []),
  ];
}

/** Throws when the inputs are another platform's. */
export function placementOf({ kubernetes }: StackInputs): KubernetesTierPlacement {
  if (kubernetes === undefined) throw new Error("stack inputs of another platform: they hold no kubernetes");
  return kubernetes;
}

export function unitsOf({ tiers }: StackInputs): TierUnits {
  return { baseline: tiers.baseline.units, predictive: tiers.predictive.units, burst: tiers.burst.units };
}

/** The plan as the cluster holds it: the generation that was taken last, for whoever looks. */
function planObject(inputs: StackInputs, { service, settings }: KubernetesTierPlacement): ClusterObject {
  const { planGeneration, decisionId, cutoffMs, warm } = inputs;
  const values = { planGeneration, decisionId, cutoffMs, ...unitsOf(inputs), warm: warm.units };
  const texts: Readonly<Record<string, unknown>> = { ...values, expiresMs: warm.expiresMs ?? "" };
  return {
    name: "plan-record",
    manifest: {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: kubernetesNames(service).plan,
        namespace: settings.namespace.name,
        labels: objectLabels(service, inputs.tags),
        annotations: WRITE_ANNOTATIONS,
      },
      data: Object.fromEntries(PLAN_KEYS.map((key) => [key, String(texts[key])])),
    },
  };
}

/**
 * A tier's Deployment. `spec.replicas` is the HPA's, and absent. The one exception is a tier planned at 0 units:
 * then it is there, as 0, which switches the HPA off; the next size takes it away again.
 */
function deploymentObject(
  inputs: StackInputs,
  { service, settings }: KubernetesTierPlacement,
  workload: TemplateWorkload,
  tier: Tier,
): ClusterObject {
  const isEmpty = inputs.tiers[tier].units === 0;
  return {
    name: tier,
    tier,
    manifest: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: {
        name: kubernetesNames(service).tiers[tier],
        namespace: settings.namespace.name,
        labels: objectLabels(service, inputs.tags, tier),
        annotations: isEmpty ? { ...WRITE_ANNOTATIONS, ...FORCE_ANNOTATION } : WRITE_ANNOTATIONS,
      },
      spec: {
        ...(isEmpty ? { replicas: 0 } : {}),
        selector: { matchLabels: podLabels(service, tier) },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" } },
        template: unitTemplate(service, settings, workload, tier),
      },
    },
  };
}

function hpaObject(
  inputs: StackInputs,
  { service, settings }: KubernetesTierPlacement,
  tier: Tier,
  bounds: HpaBounds,
): ClusterObject {
  const name = kubernetesNames(service).tiers[tier];
  return {
    name: `${tier}-hpa`,
    tier,
    manifest: {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: {
        name,
        namespace: settings.namespace.name,
        labels: objectLabels(service, inputs.tags, tier),
        annotations: decisionAnnotations(inputs, inputs.tiers[tier].units),
      },
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
        ...bounds,
        metrics: settings.tiers[tier].hpaMetrics.map(hpaMetric),
      },
    },
  };
}

/** Of an adopted HPA the floor alone: all tiers together, as it knows no tiers. Its own metrics and top stay. */
function adoptedHpa(inputs: StackInputs, { settings }: KubernetesTierPlacement): ClusterObject {
  if (settings.workload.kind !== "adopt") throw new Error("nothing is adopted");
  const totalUnits = TIERS.reduce((sum, tier) => sum + inputs.tiers[tier].units, 0);
  return {
    name: "adopted-hpa",
    isPatch: true,
    manifest: {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: {
        name: settings.workload.hpa,
        namespace: settings.namespace.name,
        annotations: { ...decisionAnnotations(inputs, totalUnits), ...FORCE_ANNOTATION },
      },
      spec: { minReplicas: Math.max(1, totalUnits) },
    },
  };
}

function hpaMetric(metric: HpaMetric): Readonly<Record<string, unknown>> {
  switch (metric.kind) {
    case "resource": {
      const target = { type: "Utilization", averageUtilization: metric.targetUtilizationPercent };
      return { type: "Resource", resource: { name: metric.name, target } };
    }
    case "pods": {
      const target = { type: "AverageValue", averageValue: metric.targetAverage };
      return { type: "Pods", pods: { metric: { name: metric.name }, target } };
    }
    case "external": {
      const selected = Object.keys(metric.selector).length > 0;
      const named = selected
        ? { name: metric.name, selector: { matchLabels: metric.selector } }
        : { name: metric.name };
      const target = { type: "AverageValue", averageValue: metric.targetAverage };
      return { type: "External", external: { metric: named, target } };
    }
  }
}
