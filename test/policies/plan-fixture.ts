import { type PackLimits, policyConfig } from "../../policies/names.ts";
import type { Resource } from "../../policies/rule.ts";
import { RULES } from "../../policies/rules.ts";

/** Limits that the happy plan keeps, each by a margin a test can see. */
export const LIMITS: PackLimits = {
  maxBaselineUnits: 10,
  maxPredictiveUnits: 20,
  maxBurstUnits: 12,
  maxWarmUnits: 4,
  maxTotalUnits: 30,
  maxStepUpUnits: 4,
  maxStepDownUnits: 2,
  maxCostUsdPerHour: 5,
  minBaselineUnits: 2,
  burstReserveUnits: 6,
  requiredTags: ["owner", "service"],
  accountShareUnits: "none",
  priceUsdPerUnitHour: { baseline: 0.06, predictive: 0.1, burst: 0.12, warm: 0.05 },
  warmKinds: { connections: { maxCount: 10, priceUsdPerHour: 0 } },
};

type Props = Readonly<Record<string, unknown>>;
const TAGS = { owner: "shop-team", service: "shop" };

export interface PlanSizes {
  readonly baseline: number;
  readonly predictive: number;
  readonly burst: number;
  readonly warm: number;
}

/** The resources of a tier stack as the engine shows them, unit counts before and after given per tier. */
export function planned(
  after: PlanSizes,
  before: Omit<PlanSizes, "warm"> | null,
  observedUnits: number,
): readonly Resource[] {
  const tier = (name: "baseline" | "predictive" | "burst"): Resource => ({
    type: "tiercast:local:Tier",
    name,
    props: {
      service: "shop",
      tier: name,
      units: after[name],
      unitsBefore: before === null ? null : before[name],
      priceUsdPerUnitHour: LIMITS.priceUsdPerUnitHour[name],
      tags: TAGS,
    },
  });
  return [
    {
      type: "tiercast:local:Plan",
      name: "plan",
      props: {
        service: "shop",
        planGeneration: 7,
        decisionId: "d-7",
        cutoffMs: 1_000_000,
        observedUnits,
        tags: TAGS,
      },
    },
    tier("baseline"),
    tier("predictive"),
    tier("burst"),
    {
      type: "tiercast:local:WarmPool",
      name: "warm",
      props: {
        service: "shop",
        units: after.warm,
        priceUsdPerUnitHour: LIMITS.priceUsdPerUnitHour.warm,
        tags: TAGS,
      },
    },
    {
      type: "tiercast:local:WarmKind",
      name: "warm-connections",
      props: { kind: "connections", count: 3, minCount: 1, priceUsdPerHour: 0, tags: TAGS },
    },
  ];
}

/** A plan that every policy lets pass. */
export function happyPlan(): readonly Resource[] {
  return planned(
    { baseline: 4, predictive: 6, burst: 2, warm: 2 },
    { baseline: 4, predictive: 4, burst: 3 },
    11,
  );
}

/** The same stack with properties of one resource replaced; `undefined` removes one. */
export function withProps(stack: readonly Resource[], name: string, props: Props): readonly Resource[] {
  return stack.map((resource) => {
    if (resource.name !== name) return resource;
    const merged = { ...resource.props, ...props };
    return {
      ...resource,
      props: Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)),
    };
  });
}

export function without(stack: readonly Resource[], name: string): readonly Resource[] {
  return stack.filter((resource) => resource.name !== name);
}

/** Judges a stack with every rule, as the pack does. Answers `policy: violation` lines. */
export function verdict(
  stack: readonly Resource[],
  config: Readonly<Record<string, Props>> = policyConfig(LIMITS),
): readonly string[] {
  return RULES.flatMap((rule) => {
    const own = config[rule.name] ?? {};
    const found =
      rule.scope === "stack"
        ? rule.judge(stack, own)
        : stack
            .filter((resource) => rule.types.includes(resource.type))
            .flatMap((resource) => rule.judge(resource, own));
    return found.map((violation) => `${rule.name}: ${violation}`);
  });
}

/** Names of the policies that say no, sorted, each once. */
export function refusals(
  stack: readonly Resource[],
  config?: Readonly<Record<string, Props>>,
): readonly string[] {
  return [...new Set(verdict(stack, config).map((line) => line.split(":")[0] ?? ""))].toSorted();
}
