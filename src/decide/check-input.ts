import assert from "node:assert/strict";
import type { ForecastRecord } from "../model/cycle.ts";
import type { DecideInput, DecideSettings } from "../model/decide-input.ts";
import { type Sizes, TIERS } from "../model/tier.ts";
import { UserError } from "../model/user-error.ts";

/**
 * Refuses what must never be sized by: NaN prices, crossed quantiles, negative or infinite demand, broken sizes.
 * A broken assumption of ours is an assert; a setting that cannot work is a `UserError`.
 */
export function checkInput(input: DecideInput): void {
  const { observation, forecast, settings } = input;
  assert(Number.isFinite(input.nowMs), "the decision has no instant");
  checkSizes(input.current);
  checkSettings(settings);
  if (observation.demandRps !== null) checkDemand(observation.demandRps, "observed demand");
  for (const demandRps of observation.recentRps)
    if (demandRps !== null) checkDemand(demandRps, "recent demand");
  for (const need of input.needHistory) if (need.units !== null) checkDemand(need.units, "need history");
  for (const leadMs of input.leadTimesMs) checkDemand(leadMs, "a measured lead time");
  const { gram = [], moments = [] } = input.service ?? {};
  for (const sum of [...gram, ...moments]) checkDemand(sum, "a sum of measured service times");
  if (forecast !== null) checkForecast(forecast);
}

function checkDemand(value: number, what: string): void {
  assert(Number.isFinite(value) && value >= 0, `${what} is ${value}`);
}

function checkSizes(sizes: Sizes): void {
  for (const units of [...TIERS.map((tier) => sizes.units[tier]), sizes.warmUnits]) {
    assert(Number.isInteger(units) && units >= 0, `a current size is ${units} units`);
  }
}

function checkForecast(forecast: ForecastRecord): void {
  const { levels, quantiles, stepMs } = forecast;
  assert(stepMs > 0 && Number.isFinite(forecast.cutoffMs), "the forecast has no grid");
  assert(levels.length > 0 && levels.length === quantiles.length, "levels and quantiles differ in number");
  const steps = quantiles[0]?.length ?? 0;
  let lowerLevel = 0;
  let lower: readonly number[] = new Array(steps).fill(0);
  quantiles.forEach((row, k) => {
    const level = levels[k] ?? Number.NaN;
    assert(level > lowerLevel && level < 1, `forecast level ${level} does not rise between 0 and 1`);
    assert(row.length === steps, `the forecast at level ${level} has another length`);
    // No text for what holds: a day of minutes at all levels is 16,000 values, checked at each decision.
    for (let step = 0; step < steps; step++) {
      const value = row[step] ?? Number.NaN;
      if (Number.isFinite(value) && value >= (lower[step] ?? 0)) continue;
      assert.fail(`forecast quantiles cross, or one is no number: ${value} at level ${level}, step ${step}`);
    }
    lowerLevel = level;
    lower = row;
  });
}

function checkSettings(settings: DecideSettings): void {
  const { tiers, warm, limits, sizing } = settings;
  for (const tier of TIERS) {
    checkPrice(tiers[tier].priceUsdPerUnitHour, `tiers.${tier}.price`);
    checkLimits(tiers[tier].minUnits, tiers[tier].maxUnits, `tiers.${tier}`);
  }
  checkPrice(warm.priceUsdPerUnitHour, "warm.price");
  checkPrice(sizing.underUsdPerUnitHour, "sizing.under");
  checkPrice(limits.maxCostUsdPerHour, "limits.maxCost");
  if (sizing.underUsdPerUnitHour + tiers.predictive.priceUsdPerUnitHour <= 0) {
    throw new UserError("sizing.under and tiers.predictive.price are both 0: give one of them a price");
  }
  for (const resource of settings.resources) {
    if (resource.kind === "queue" && resource.latencyObjectiveMs <= resource.serviceTimeMs) {
      throw new UserError(
        `resources.${resource.name}: the latency objective of ${resource.latencyObjectiveMs} ms is not above the ` +
          `service time of ${resource.serviceTimeMs} ms: no number of units reaches it; raise the objective`,
      );
    }
  }
}

function checkPrice(price: number, what: string): void {
  if (!Number.isFinite(price) || price < 0)
    throw new UserError(`${what} is ${price}: give a number from 0 up`);
}

function checkLimits(minUnits: number, maxUnits: number, what: string): void {
  if (!Number.isInteger(minUnits) || !Number.isInteger(maxUnits) || minUnits < 0 || minUnits > maxUnits) {
    throw new UserError(
      `${what}: min ${minUnits} and max ${maxUnits} must be whole numbers with 0 <= min <= max`,
    );
  }
}
