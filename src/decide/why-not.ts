import type { DecideInput } from "../model/decide-input.ts";
import type { Decision } from "../model/decision.ts";
import { peakDemand } from "../model/outlook.ts";
import { TIERS, totalUnits } from "../model/tier.ts";
import { outlay } from "./alternatives.ts";
import { extraCostUsdPerHour, isShrinkWorthwhile, isUpdateBudgetSpent } from "./budget.ts";
import { growthWaits, growthWorth } from "./cost-benefit.ts";
import { type Facts, gatherFacts } from "./facts.ts";
import { levelMasses } from "./level-masses.ts";
import { unitsCostUsdPerHour } from "./price.ts";
import { scaleDown } from "./scale-down.ts";
import { shortNumber, unitsText } from "./words.ts";

/** One thing that stood between the decision and another number of units. */
export interface Obstacle {
  readonly why: string;
  /** The setting that would change it; null where none does. */
  readonly setting: string | null;
}

export interface WhyNot {
  readonly askedUnits: number;
  readonly decidedUnits: number;
  /** Everything that speaks against `askedUnits`, hardest first; empty when it is what was decided. */
  readonly obstacles: readonly Obstacle[];
  readonly costUsdPerHour: { readonly decided: number; readonly asked: number };
  readonly expectedShortUnits: { readonly decided: number; readonly asked: number };
  /** Probability that units are missing at all within the window. */
  readonly shortChance: { readonly decided: number; readonly asked: number };
  /** Price, and what units expected missing cost (see `outlay`), asked less decided: above 0, asked is dearer. */
  readonly extraUsdPerHour: number;
}

type Decided = Pick<Decision, "risk" | "after" | "limits" | "costUsdPerHour">;

/**
 * Why `decision` does not have `units` in total: limits that forbid it, rules that hold it, and what
 * the forecast says of its worth. From the decision's own input, so that it speaks of the facts of that moment.
 */
export function whyNot(input: DecideInput, decision: Decided, units: number): WhyNot {
  const facts = gatherFacts(input, decision.risk);
  const decidedUnits = totalUnits(decision.after.units);
  const extra = extraCostUsdPerHour(decision.after.units, units, input.settings);
  const decided = outlay(facts, decidedUnits, decision.costUsdPerHour.after);
  const asked = outlay(facts, units, decision.costUsdPerHour.after + extra);
  const unitsUsd = money(unitsCostUsdPerHour(decision.after.units, input.settings) + extra);
  return {
    askedUnits: units,
    decidedUnits,
    obstacles: units === decidedUnits ? [] : obstacles(facts, decision, units, unitsUsd),
    costUsdPerHour: { decided: decided.costUsdPerHour, asked: asked.costUsdPerHour },
    expectedShortUnits: { decided: decided.expectedShortUnits, asked: asked.expectedShortUnits },
    shortChance: { decided: decided.shortChance, asked: asked.shortChance },
    extraUsdPerHour: money(asked.expectedUsdPerHour - decided.expectedUsdPerHour),
  };
}

function obstacles(facts: Facts, decision: Decided, units: number, asked: number): readonly Obstacle[] {
  const more = units > totalUnits(decision.after.units);
  const found = [
    ...general(facts),
    ...(more ? above(facts, units, asked) : [...below(facts, units), ...swapped(decision)]),
  ];
  if (found.length > 0) return found;
  return [{ why: "sizes move there step by step, as far as the rules allow in one cycle", setting: null }];
}

/** Units of one tier that stay until those of another that replace them are ready. */
function swapped({ limits }: Decided): readonly Obstacle[] {
  if (!limits.some((bound) => bound.limit === "grow-first")) return [];
  return [{ why: "units that serve now leave only when those that replace them are ready", setting: null }];
}

function general({ input, settings }: Facts): readonly Obstacle[] {
  const found: Obstacle[] = [];
  if (input.pause !== null && input.pause.untilMs > input.nowMs) {
    found.push({ why: `the service is paused: ${input.pause.reason}`, setting: "tiercast resume" });
  }
  if (isUpdateBudgetSpent(input)) {
    const { maxUpdatesPerHour } = settings.limits;
    found.push({
      why: `${maxUpdatesPerHour} updates in the last hour used up the budget: only demand now goes through`,
      setting: "limits.maxUpdatesPerHour",
    });
  }
  return found;
}

function above(facts: Facts, units: number, askedUsdPerHour: number): readonly Obstacle[] {
  const { input, settings, need } = facts;
  const { limits, tiers } = settings;
  const found: Obstacle[] = [];
  const say = (why: string, setting: string | null): void => {
    found.push({ why, setting });
  };
  if (units > limits.maxTotalUnits) {
    say(`at most ${unitsText(limits.maxTotalUnits)} in total are allowed`, "limits.maxTotalUnits");
  }
  const planned = Math.min(
    tiers.baseline.maxUnits + tiers.predictive.maxUnits,
    limits.maxTotalUnits - limits.burstReserveUnits,
  );
  const most = Math.max(0, planned) + tiers.burst.maxUnits;
  if (units > most) {
    say(`the tiers hold at most ${unitsText(most)}`, "tiers.*.maxUnits, limits.burstReserveUnits");
  }
  if (settings.share !== undefined && units > settings.share.grantedUnits) {
    say(settings.share.reason, "tenancy.budget (tiercast tenants)");
  }
  if (askedUsdPerHour > limits.maxCostUsdPerHour) {
    const cap = `${askedUsdPerHour} USD/h are above the cap of ${limits.maxCostUsdPerHour}`;
    say(cap, "limits.maxCostUsdPerHour");
  }
  const growth = units - totalUnits(input.current.units);
  if (growth > limits.maxStepUpUnits) {
    say(`a tier grows by at most ${limits.maxStepUpUnits} in one update`, "limits.maxStepUpUnits");
  }
  const isWanted = Math.max(need.observedUnits, facts.plannedUnits, need.latencyUnits ?? 0) >= units;
  if (!isWanted) say(notWanted(facts, units), worthSetting(facts));
  if (isWanted && growth > 0 && growthWaits(facts)) say(waiting(facts), "sizing.updateCostUsd");
  return found;
}

function waiting(facts: Facts): string {
  const usd = Number((growthWorth(facts)?.netUsd ?? 0).toPrecision(2));
  const cost = facts.settings.sizing.updateCostUsd;
  return `growth that only the forecast asks for is worth ${usd} USD within the window, an update costs ${cost}`;
}

/** That nothing asks for so many, with the chance that they will be needed. */
function notWanted(facts: Facts, units: number): string {
  const { need, risk, input, window } = facts;
  const now = `demand now needs ${unitsText(need.observedUnits)}`;
  if (input.forecast === null || window === undefined) return `${now}, and there is no forecast`;
  if (risk.strategy === "reactive-only") return `${now}, and the forecast does not count: ${risk.reason}`;
  const percent = shortNumber(100 * chanceOf(facts, units));
  const level = Number(need.quantile.toFixed(3));
  return (
    `${now}, the forecast asks for ${need.aheadUnits} at q${level}; ` +
    `so many are needed in ${percent} % of cases, a unit pays from ${shortNumber(100 * (1 - level))} % on`
  );
}

/** Probability that the window needs at least `units`, by the forecast's levels. */
function chanceOf(facts: Facts, units: number): number {
  const { forecast } = facts.input;
  const { window } = facts;
  if (forecast === null || window === undefined) return 0;
  const masses = levelMasses(forecast.levels);
  let chance = 0;
  forecast.levels.forEach((level, k) => {
    if (facts.unitsFor(peakDemand(forecast, level, window)).units >= units) chance += masses[k] ?? 0;
  });
  return chance;
}

function worthSetting({ settings, risk }: Facts): string {
  if (risk.strategy === "reactive-only") return "risk.trustFloor";
  return settings.sizing.rule === "magnitude" ? "risk.acceptable" : "sizing.underUsdPerUnitHour";
}

function below(facts: Facts, units: number): readonly Obstacle[] {
  const { input, settings, need } = facts;
  const { limits, tiers } = settings;
  const found: Obstacle[] = [];
  const say = (why: string, setting: string | null): void => {
    found.push({ why, setting });
  };
  if (need.observedUnits > units) {
    say(`demand now needs ${unitsText(need.observedUnits)}: capacity never falls below that`, null);
  }
  const least = TIERS.reduce((sum, tier) => sum + tiers[tier].minUnits, 0);
  if (units < least) say(`the tiers' smallest sizes are ${unitsText(least)}`, "tiers.*.minUnits");
  if (facts.plannedUnits > units) {
    const level = Number(need.quantile.toFixed(3));
    const percent = shortNumber(100 * chanceOf(facts, units + 1));
    say(
      `the forecast asks for ${unitsText(facts.plannedUnits)} at q${level}: ` +
        `more than ${units} are needed in ${percent} % of cases`,
      worthSetting(facts),
    );
  }
  if (facts.latency?.kind === "raise" && facts.latency.units > units) {
    say(facts.latency.why, "latency.threshold");
  }
  const down = scaleDown(facts);
  if (down.held !== undefined && down.keepUnits > units) say(down.why, HELD_SETTING[down.held]);
  const given = totalUnits(input.current.units) - units;
  if (given > limits.maxStepDownUnits) {
    say(`a tier gives up at most ${limits.maxStepDownUnits} in one update`, "limits.maxStepDownUnits");
  }
  if (given > 0 && !isShrinkWorthwhile(input, units)) {
    const { minSavingUsdPerHour } = settings.sizing;
    say(
      `it saves less than the ${minSavingUsdPerHour} USD/h an update is worth`,
      "sizing.minSavingUsdPerHour",
    );
  }
  return found;
}

const HELD_SETTING = {
  stabilizing: "sizing.stabilization, sizing.releaseBand",
  "demand-stale": "missing.hold",
  "gap-in-window": null,
  "latency-high": "latency.releaseBelowFraction",
} as const;

function money(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}
