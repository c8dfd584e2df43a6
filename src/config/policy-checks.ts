import { TIERS } from "../model/tier.ts";
import { type CrossCheck, ruleIfGiven, smallestCostUsd, smallestTotal, warning } from "./cross-check.ts";

/** Policy limits that no plan could meet, or that refuse what the other limits allow. */
export function policyChecks(): readonly CrossCheck[] {
  const at = (name: string) => `policies.limits.${name}`;
  return [
    ...TIERS.map((tier) => {
      const name = `max${capital(tier)}Units` as const;
      return ruleIfGiven(at(name), `tiers.${tier}.minUnits`, ({ policies, tiers }) =>
        policies.limits[name] < tiers[tier].minUnits
          ? `${policies.limits[name]} is below tiers.${tier}.minUnits ${tiers[tier].minUnits}: ` +
            "every plan would be refused (raise it)"
          : undefined,
      );
    }),
    ruleIfGiven(
      at("maxTotalUnits"),
      "tiers.baseline.minUnits tiers.predictive.minUnits tiers.burst.minUnits",
      (s) =>
        s.policies.limits.maxTotalUnits < smallestTotal(s)
          ? `${s.policies.limits.maxTotalUnits} is below the tiers' minUnits together (${smallestTotal(s)}): ` +
            "every plan would be refused (raise it)"
          : undefined,
    ),
    ruleIfGiven(
      at("maxCostUsdPerHour"),
      "tiers.baseline.minUnits tiers.predictive.minUnits tiers.burst.minUnits",
      (s) =>
        s.policies.limits.maxCostUsdPerHour < smallestCostUsd(s) - 1e-9
          ? `${s.policies.limits.maxCostUsdPerHour} is below the cost of the tiers' minUnits ` +
            `(${smallestCostUsd(s).toFixed(2)}): every plan would be refused (raise it)`
          : undefined,
    ),
    ruleIfGiven(
      at("minBaselineUnits"),
      "tiers.baseline.maxUnits limits.maxTotalUnits",
      ({ policies, tiers }) =>
        policies.limits.minBaselineUnits > tiers.baseline.maxUnits
          ? `${policies.limits.minBaselineUnits} is above tiers.baseline.maxUnits ${tiers.baseline.maxUnits}: ` +
            "every plan would be refused (lower it)"
          : undefined,
    ),
    warning(at("minBaselineUnits"), "tiers.baseline.minUnits", ({ policies, tiers }) =>
      policies.limits.minBaselineUnits > tiers.baseline.minUnits
        ? `${policies.limits.minBaselineUnits} is above tiers.baseline.minUnits ${tiers.baseline.minUnits}: ` +
          "plans down there will be refused"
        : undefined,
    ),
    ...stricterThanLimits(),
  ];
}

/** A pack stricter than the limits is allowed, but plans made up to the limits will then be refused. */
function stricterThanLimits(): readonly CrossCheck[] {
  const names = ["maxTotalUnits", "maxStepUpUnits", "maxStepDownUnits", "maxCostUsdPerHour"] as const;
  return names.map((name) =>
    warning(`policies.limits.${name}`, `limits.${name}`, ({ policies, limits }) =>
      policies.limits[name] < limits[name]
        ? `${policies.limits[name]} is below limits.${name} ${limits[name]}: plans in between will be refused`
        : undefined,
    ),
  );
}

function capital<T extends string>(word: T): Capitalize<T> {
  return (word.slice(0, 1).toUpperCase() + word.slice(1)) as Capitalize<T>;
}
