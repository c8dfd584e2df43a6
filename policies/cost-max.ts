import {
  isUsd,
  kindLimit,
  labelOf,
  missingLimit,
  type Reading,
  readKindName,
  readTierName,
  readUnits,
  readUsd,
  usdLimit,
} from "./reading.ts";
import {
  type PolicyConfiguration,
  type Resource,
  type StackRule,
  TIER,
  WARM_KIND,
  WARM_POOL,
} from "./rule.ts";
import { isBaseStack, isComingDown } from "./sums.ts";

const PRICE_KEYS = ["baseline", "predictive", "burst", "warm"] as const;

/** Sums of products of decimal prices are off by some 1e-16 of their size; less than that is not a difference. */
const RELATIVE_ERROR = 1e-9;

/**
 * All tiers, the warm pool and warm pieces of other kinds stay under a cost per hour. Prices come from the policy
 * configuration; a resource that carries another price was planned with wrong costs, which is a violation of its own.
 */
export const costMax: StackRule = {
  scope: "stack",
  name: "cost-max",
  description: "Tiers and warm pool may not cost more per hour than the limit.",
  configSchema: {
    properties: {
      maxCostUsdPerHour: { type: "number", minimum: 0 },
      priceUsdPerUnitHour: {
        type: "object",
        properties: Object.fromEntries(PRICE_KEYS.map((key) => [key, { type: "number", minimum: 0 }])),
        required: [...PRICE_KEYS],
      },
      warmKinds: { type: "object" },
    },
    required: ["maxCostUsdPerHour", "priceUsdPerUnitHour"],
  },
  judge(resources, config) {
    if (isBaseStack(resources)) return [];
    const limit = usdLimit(config, "maxCostUsdPerHour");
    if ("problem" in limit) return [limit.problem];
    const found: string[] = [];
    let costUsdPerHour = 0;
    let warmUsdPerHour = 0;
    for (const resource of resources) {
      if (![TIER, WARM_POOL, WARM_KIND].includes(resource.type)) continue;
      const cost = resource.type === WARM_KIND ? kindCostOf(resource, config) : costOf(resource, config);
      found.push(...cost.problems);
      costUsdPerHour += cost.usdPerHour;
      if (resource.type !== TIER) warmUsdPerHour += cost.usdPerHour;
    }
    // What comes down to the limit holds nothing warm meanwhile.
    const comesDown = warmUsdPerHour === 0 && isComingDown(resources);
    if (costUsdPerHour > limit.value * (1 + RELATIVE_ERROR) && !comesDown) {
      found.push(
        `The stack would cost ${roundUsd(costUsdPerHour)} USD per hour, at most ${limit.value} is allowed: ` +
          "lower a tier's size or raise policies.limits.maxCostUsdPerHour.",
      );
    }
    return found;
  },
};

interface Cost {
  readonly usdPerHour: number;
  readonly problems: readonly string[];
}

function costOf(resource: Resource, config: PolicyConfiguration): Cost {
  const price = configuredPrice(resource, config);
  return pricedAt(resource, "units", "priceUsdPerUnitHour", price, "unit and hour");
}

/** Warm pieces of other kinds are paid by the piece and hour. */
function kindCostOf(resource: Resource, config: PolicyConfiguration): Cost {
  const kind = readKindName(resource);
  const price = "problem" in kind ? kind : kindLimit(config, kind.value, "priceUsdPerHour");
  return pricedAt(resource, "count", "priceUsdPerHour", price, "piece and hour");
}

function pricedAt(
  resource: Resource,
  size: string,
  priceProperty: string,
  configured: Reading<number>,
  per: string,
): Cost {
  const units = readUnits(resource, size);
  if ("problem" in units) return { usdPerHour: 0, problems: [units.problem] };
  if ("problem" in configured) return { usdPerHour: 0, problems: [configured.problem] };
  const usdPerHour = units.value * configured.value;
  const price = readUsd(resource, priceProperty);
  if ("problem" in price) return { usdPerHour, problems: [price.problem] };
  if (Math.abs(price.value - configured.value) <= RELATIVE_ERROR * configured.value) {
    return { usdPerHour, problems: [] };
  }
  return {
    usdPerHour,
    problems: [
      `${labelOf(resource)} carries a price of ${price.value} USD per ${per}, the policy configuration ` +
        `has ${configured.value}: make the two prices equal.`,
    ],
  };
}

function configuredPrice(resource: Resource, config: PolicyConfiguration): Reading<number> {
  const key: Reading<string> = resource.type === WARM_POOL ? { value: "warm" } : readTierName(resource);
  if ("problem" in key) return key;
  const prices = config["priceUsdPerUnitHour"];
  const price =
    typeof prices === "object" && prices !== null
      ? (prices as Readonly<Record<string, unknown>>)[key.value]
      : undefined;
  if (isUsd(price)) return { value: price };
  return {
    problem: missingLimit(`priceUsdPerUnitHour.${key.value}`, price, "a number of US dollars, 0 or more"),
  };
}

function roundUsd(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}
