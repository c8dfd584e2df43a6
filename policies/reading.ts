import { type PolicyConfiguration, type Resource, UNKNOWN } from "./rule.ts";

/** A value that could be read, or the violation that it cannot be checked. Never a default. */
export type Reading<T> = { readonly value: T } | { readonly problem: string };

/** Tier names, written out here once more: the pack shares no code with the daemon. */
export const TIER_NAMES = ["baseline", "predictive", "burst"] as const;
export type TierName = (typeof TIER_NAMES)[number];

/** A whole number of units, 0 or more. NaN, negatives, fractions and text are problems. */
export function readUnits(resource: Resource, property: string): Reading<number> {
  const raw = readKnown(resource, property);
  if ("problem" in raw) return raw;
  if (typeof raw.value === "number" && Number.isSafeInteger(raw.value) && raw.value >= 0) {
    return { value: raw.value };
  }
  return {
    problem: `${labelOf(resource)} has ${property} ${shown(raw.value)}: give a whole number, 0 or more.`,
  };
}

/** A price or an amount of money: finite, 0 or more. */
export function readUsd(resource: Resource, property: string): Reading<number> {
  const raw = readKnown(resource, property);
  if ("problem" in raw) return raw;
  if (isUsd(raw.value)) return { value: raw.value };
  return {
    problem: `${labelOf(resource)} has ${property} ${shown(raw.value)}: give a number of US dollars, 0 or more.`,
  };
}

export function readTierName(resource: Resource): Reading<TierName> {
  const raw = readKnown(resource, "tier");
  if ("problem" in raw) return raw;
  const tier = TIER_NAMES.find((name) => name === raw.value);
  if (tier !== undefined) return { value: tier };
  return {
    problem: `${labelOf(resource)} has tier ${shown(raw.value)}: use one of ${TIER_NAMES.join(", ")}.`,
  };
}

/** A kind of warm pieces: as it is written in the configuration. */
export function readKindName(resource: Resource): Reading<string> {
  const raw = readKnown(resource, "kind");
  if ("problem" in raw) return raw;
  if (typeof raw.value === "string" && raw.value !== "") return { value: raw.value };
  return { problem: `${labelOf(resource)} has kind ${shown(raw.value)}: name the kind of warm pieces.` };
}

/** A number of one kind of warm pieces from the policy's configuration: its cap, or its price. */
export function kindLimit(
  config: PolicyConfiguration,
  kind: string,
  key: "maxCount" | "priceUsdPerHour",
): Reading<number> {
  const kinds = config["warmKinds"];
  const isMap = typeof kinds === "object" && kinds !== null && Object.hasOwn(kinds, kind);
  const own: unknown = isMap ? (kinds as Readonly<Record<string, unknown>>)[kind] : undefined;
  const value = (own as Readonly<Record<string, unknown>> | null | undefined)?.[key];
  const isCount = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  if (isCount || (key === "priceUsdPerHour" && isUsd(value))) return { value };
  const wanted = key === "maxCount" ? "a whole number, 0 or more" : "a number of US dollars, 0 or more";
  return { problem: missingLimit(`warmKinds.${kind}.${key}`, value, wanted) };
}

/**
 * Units that the engine's state held before this update; null when the resource is created. The provider puts
 * them there from the engine's own old state, so a missing value means that nobody can tell: a problem.
 */
export function readUnitsBefore(resource: Resource): Reading<number | null> {
  if (resource.props?.["unitsBefore"] === null) return { value: null };
  return readUnits(resource, "unitsBefore");
}

/** Any value that is present and known. */
export function readKnown(resource: Resource, property: string): Reading<unknown> {
  const name = `${property} of ${labelOf(resource)}`;
  if (resource.props === null) {
    return { problem: `${name} cannot be checked: the engine did not show it; run without --target.` };
  }
  const value = Object.hasOwn(resource.props, property) ? resource.props[property] : undefined;
  if (value === UNKNOWN) {
    return { problem: `${name} cannot be checked: it is not known before the update; give a fixed value.` };
  }
  if (value === undefined) return { problem: `${name} cannot be checked: it is missing; add it.` };
  return { value };
}

/** A limit in whole units from the policy's configuration. */
export function unitLimit(config: PolicyConfiguration, key: string): Reading<number> {
  const value = config[key];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return { value };
  return { problem: missingLimit(key, value, "a whole number, 0 or more") };
}

/** A limit in US dollars from the policy's configuration. */
export function usdLimit(config: PolicyConfiguration, key: string): Reading<number> {
  const value = config[key];
  if (isUsd(value)) return { value };
  return { problem: missingLimit(key, value, "a number of US dollars, 0 or more") };
}

/** The sentence for a limit that the policy configuration lacks or garbles: fail closed, never a default. */
export function missingLimit(key: string, value: unknown, wanted: string): string {
  return `The policy configuration has ${key} ${shown(value)}: set policies.limits.${key} to ${wanted}.`;
}

/** `Tier burst`, `WarmPool warm`: how messages call a resource. */
export function labelOf(resource: Resource): string {
  const short = resource.type.split(":").at(-1) ?? resource.type;
  return `${short} ${resource.name}`;
}

/** A value as it is shown in a message. */
export function shown(value: unknown): string {
  if (value === undefined) return "(missing)";
  if (value === UNKNOWN) return "(not known before the update)";
  if (typeof value === "number") return String(value);
  return JSON.stringify(value)?.slice(0, 80) ?? String(value);
}

export function isUsd(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
