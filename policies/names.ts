import { engineTypes } from "./rule.ts";
import { RULES } from "./rules.ts";

/** What a run must show as evidence of one policy. */
export interface PolicyName {
  readonly name: string;
  readonly scope: "resource" | "stack";
  /** Resource types a resource policy must have judged; empty for stack policies. */
  readonly types: readonly string[];
}

/** Limits for `policyConfig`, in the words of the central configuration's `policies.limits`. */
export interface PackLimits {
  readonly maxBaselineUnits: number;
  readonly maxPredictiveUnits: number;
  readonly maxBurstUnits: number;
  readonly maxWarmUnits: number;
  readonly maxTotalUnits: number;
  readonly maxStepUpUnits: number;
  readonly maxStepDownUnits: number;
  readonly maxCostUsdPerHour: number;
  readonly minBaselineUnits: number;
  readonly burstReserveUnits: number;
  readonly requiredTags: readonly string[];
  /** `per-plan` stands until the plan's own number is put in its place: no plan passes with it. */
  readonly accountShareUnits: number | "none" | "per-plan";
  readonly priceUsdPerUnitHour: Readonly<Record<"baseline" | "predictive" | "burst" | "warm", number>>;
  /** Cap and price of each kind of warm pieces; without it none is allowed. */
  readonly warmKinds?: Readonly<
    Record<string, { readonly maxCount: number; readonly priceUsdPerHour: number }>
  >;
  /** Without it no object of a cluster passes. */
  readonly kubernetes?: KubernetesLimits | undefined;
}

export interface KubernetesLimits {
  /** Highest maxReplicas of each tier's HPA. */
  readonly maxReplicas: Readonly<Record<"baseline" | "predictive" | "burst", number>>;
  /** Prices of what pods request; `none`: only the price per unit counts. */
  readonly requestPrices:
    | { readonly usdPerCpuCoreHour: number; readonly usdPerMemoryGibHour: number }
    | "none";
}

export const PACK_NAME = "tiercast";

/** Importing this module has no side effects: it starts no server. */
export const POLICIES: readonly PolicyName[] = RULES.map((rule) => ({
  name: rule.name,
  scope: rule.scope,
  types: rule.scope === "resource" ? engineTypes(rule.types) : [],
}));

export const POLICY_NAMES: readonly string[] = POLICIES.map((policy) => policy.name);

/**
 * The file for `--policy-pack-config`: to each policy the limits that its schema names, and nothing else. It
 * holds no enforcement level, so that the pack's own (mandatory) stands.
 */
export function policyConfig(
  limits: PackLimits,
): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const values: Readonly<Record<string, unknown>> = {
    warmKinds: {},
    ...limits,
    kubernetes: limits.kubernetes ?? "none",
  };
  const config: Record<string, Readonly<Record<string, unknown>>> = {};
  for (const rule of RULES) {
    const keys = Object.keys(rule.configSchema.properties);
    if (keys.length > 0) config[rule.name] = Object.fromEntries(keys.map((key) => [key, values[key]]));
  }
  return config;
}
