import type { Settings } from "../model/settings.ts";
import { TIERS } from "../model/tier.ts";
import type { SettingPath } from "./problem.ts";

/**
 * A rule between settings. `path` is where it is reported; it is skipped when `path` or one of `needs` is itself
 * wrong, as then the value it would judge is only a default.
 */
export interface CrossCheck {
  readonly path: SettingPath;
  readonly needs: readonly SettingPath[];
  /** Only looked at when the user wrote `path`; its default follows the settings it would be compared with. */
  readonly onlyIfGiven: boolean;
  /** `error`: no run can honour this. `warning`: it runs, but hardly as meant. */
  readonly severity: "error" | "warning";
  /** What is wrong and how to mend it; undefined when all is well. */
  check(settings: Settings): string | undefined;
}

/** A rule about `path`; both paths are written with dots, several `needs` with blanks between. */
export function rule(path: string, needs: string, check: CrossCheck["check"]): CrossCheck {
  return {
    path: path.split("."),
    needs: needs.split(" ").map((each) => each.split(".")),
    onlyIfGiven: false,
    severity: "error",
    check,
  };
}

/** As `rule`, but only looked at when the user wrote `path`. */
export function ruleIfGiven(path: string, needs: string, check: CrossCheck["check"]): CrossCheck {
  return { ...rule(path, needs, check), onlyIfGiven: true };
}

/** As `ruleIfGiven`, but what it finds is only said. */
export function warning(path: string, needs: string, check: CrossCheck["check"]): CrossCheck {
  return { ...ruleIfGiven(path, needs, check), severity: "warning" };
}

/** Sum of the smallest sizes. */
export function smallestTotal({ tiers }: Settings): number {
  return TIERS.reduce((sum, tier) => sum + tiers[tier].minUnits, 0);
}

/** What the smallest sizes cost per hour. */
export function smallestCostUsd({ tiers }: Settings): number {
  return TIERS.reduce((sum, tier) => sum + tiers[tier].minUnits * tiers[tier].priceUsdPerUnitHour, 0);
}
