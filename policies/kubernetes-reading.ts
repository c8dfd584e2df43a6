import { type Reading, readTierName, readUnits, shown, type TierName } from "./reading.ts";
import { HPA_PATCH, isClusterObject, type PolicyConfiguration, type Resource, UNKNOWN } from "./rule.ts";
import { tiersOf } from "./sums.ts";

/** Label that says which tier an object is of; written here once more, as all that the pack knows. */
export const TIER_LABEL = "tiercast.dev/tier";

export function clusterObjects(resources: readonly Resource[]): readonly Resource[] {
  return resources.filter(({ type }) => isClusterObject(type));
}

/** An existing Deployment and HPA were taken over: there are no objects per tier. */
export function isAdopted(resources: readonly Resource[]): boolean {
  return resources.some(({ type }) => type === HPA_PATCH);
}

/** A tier stack of a cluster: it has tiers, and objects for them. */
export function isClusterTierStack(resources: readonly Resource[]): boolean {
  return clusterObjects(resources).length > 0 && tiersOf(resources).length > 0;
}

/** What stands at `path` (with dots); undefined when it is not there. */
export function valueAt(resource: Resource, path: string): unknown {
  return valueIn(resource.props, path);
}

export function valueIn(start: unknown, path: string): unknown {
  let value = start;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

/** Value of the tier label: a tier, `warm`, or undefined for objects of the whole service. */
export function tierLabelOf(resource: Resource): string | undefined {
  const labels = valueAt(resource, "metadata.labels");
  const value =
    typeof labels === "object" && labels !== null
      ? (labels as Readonly<Record<string, unknown>>)[TIER_LABEL]
      : undefined;
  return typeof value === "string" ? value : undefined;
}

/** The objects of one type and tier. */
export function objectsOf(resources: readonly Resource[], type: string, tier: string): readonly Resource[] {
  return resources.filter((resource) => resource.type === type && tierLabelOf(resource) === tier);
}

/** A whole number, 0 or more, at `path`. */
export function readCountAt(resource: Resource, path: string): Reading<number> {
  const value = valueAt(resource, path);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return { value };
  const name = `${path} of ${resource.type.split(":").at(-1)} ${resource.name}`;
  if (value === UNKNOWN || resource.props === null) {
    return { problem: `${name} cannot be checked: it is not known before the update; give a fixed value.` };
  }
  return { problem: `${name} is ${shown(value)}: give a whole number, 0 or more.` };
}

/** Units that the plan has for a tier: those of its one Tier. */
export function plannedUnits(resources: readonly Resource[], tier: TierName): Reading<number> {
  const found = tiersOf(resources).filter((each) => {
    const name = readTierName(each);
    return "value" in name && name.value === tier;
  });
  const [only] = found;
  if (only === undefined || found.length > 1) {
    return { problem: `The stack has ${found.length} resources for tier ${tier}, exactly 1 is required.` };
  }
  return readUnits(only, "units");
}

/** The part of the policy's configuration that is about clusters. */
export function clusterLimits(config: PolicyConfiguration): Reading<Readonly<Record<string, unknown>>> {
  const limits = config["kubernetes"];
  if (typeof limits === "object" && limits !== null && !Array.isArray(limits)) {
    return { value: limits as Readonly<Record<string, unknown>> };
  }
  return {
    problem: `The policy configuration has kubernetes ${shown(limits)}: plan with platform.kind kubernetes.`,
  };
}

/** `500m` -> 0.5, `2` -> 2 cores; undefined for anything else. */
export function cpuCores(value: unknown): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(m?)$/.exec(String(value ?? ""));
  if (match === null) return undefined;
  return Number(match[1]) / (match[2] === "m" ? 1000 : 1);
}

const MEMORY_GIB: Readonly<Record<string, number>> = {
  Ki: 2 ** -20,
  Mi: 2 ** -10,
  Gi: 1,
  Ti: 1024,
  k: 1e3 / 2 ** 30,
  M: 1e6 / 2 ** 30,
  G: 1e9 / 2 ** 30,
  "": 2 ** -30,
};

/** `512Mi` -> 0.5 GiB; undefined for anything else. */
export function memoryGib(value: unknown): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|)$/.exec(String(value ?? ""));
  const factor = MEMORY_GIB[match?.[2] ?? "?"];
  return match === null || factor === undefined ? undefined : Number(match[1]) * factor;
}

/** Containers of an object's pods: of a Deployment, or of a PodTemplate. */
export function containersOf(resource: Resource): readonly unknown[] {
  const found =
    valueAt(resource, "spec.template.spec.containers") ?? valueAt(resource, "template.spec.containers");
  return Array.isArray(found) ? found : [];
}
