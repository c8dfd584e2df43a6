import {
  type KubernetesPlatformSettings,
  type KubernetesTierPlacement,
  kubernetesNames,
} from "../../src/model/kubernetes.ts";
import { TIERS, type Tier, type TierUnits } from "../../src/model/tier.ts";
import { type ClusterObject, objectLabels, WRITE_ANNOTATIONS } from "./cluster-object.ts";

/**
 * Shares of requests per tier, whole percent that add up to 100: as the ready units are, so that each unit of any tier
 * gets as much. With nothing ready the planned sizes stand in, and with nothing planned all goes to baseline.
 *
 *     ready 6, 3, 0   ->   67, 33, 0
 *     ready 0, 0, 0, planned 2, 2, 0   ->   50, 50, 0
 */
export function routeWeights(readyUnits: TierUnits, plannedUnits: TierUnits): TierUnits {
  const total = (units: TierUnits) => TIERS.reduce((sum, tier) => sum + units[tier], 0);
  const basis = [readyUnits, plannedUnits].find((units) => total(units) > 0);
  if (basis === undefined) return { baseline: 100, predictive: 0, burst: 0 };
  const exact = TIERS.map((tier) => (100 * basis[tier]) / total(basis));
  const floors = exact.map(Math.floor);
  const order = exact.map((share, i) => ({ i, rest: share - Math.floor(share) }));
  order.sort((a, b) => b.rest - a.rest || a.i - b.i);
  const missing = 100 - floors.reduce((sum, share) => sum + share, 0);
  for (const { i } of order.slice(0, missing)) floors[i] = (floors[i] ?? 0) + 1;
  const [baseline = 0, predictive = 0, burst = 0] = floors;
  return { baseline, predictive, burst };
}

/** The HTTPRoute: a rule per SLA class that has ready units, then one that shares all else by weight. */
export function routeObject(
  placement: KubernetesTierPlacement,
  plannedUnits: TierUnits,
  tags: Readonly<Record<string, string>>,
): ClusterObject {
  const { service, settings, readyUnits } = placement;
  const names = kubernetesNames(service);
  const { gateway } = settings;
  const weights = routeWeights(readyUnits, plannedUnits);
  const weighted = TIERS.map((tier) => ({ ...backend(service, settings, tier), weight: weights[tier] }));
  return {
    name: "route",
    manifest: {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: {
        name: names.route,
        namespace: settings.namespace.name,
        labels: objectLabels(service, tags),
        annotations: WRITE_ANNOTATIONS,
      },
      spec: {
        parentRefs: [{ name: names.gateway }],
        ...(gateway.hostname === undefined ? {} : { hostnames: [gateway.hostname] }),
        rules: [...slaRules(placement, plannedUnits), { backendRefs: weighted }],
      },
    },
  };
}

/** A class whose tier has nothing ready has no rule: its requests go where there are units. */
function slaRules({ service, settings, readyUnits }: KubernetesTierPlacement, plannedUnits: TierUnits) {
  const { slaHeader, slaClasses } = settings.gateway;
  if (slaHeader === undefined) return [];
  return Object.entries(slaClasses)
    .filter(([, tier]) => readyUnits[tier] > 0 && plannedUnits[tier] > 0)
    .map(([value, tier]) => ({
      matches: [{ headers: [{ type: "Exact", name: slaHeader, value }] }],
      backendRefs: [backend(service, settings, tier)],
    }));
}

function backend(service: string, { gateway }: KubernetesPlatformSettings, tier: Tier) {
  return { name: kubernetesNames(service).tiers[tier], port: gateway.port };
}
