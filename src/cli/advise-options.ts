import { parseDurationSetting } from "../config.ts";
import { TIERS } from "../model/tier.ts";
import type { DurationMs } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { type Prices, STANDARD_PRICES } from "../simulate/advise/bills.ts";
import type { CommandCall } from "./command-spec.ts";
import { textOption } from "./options.ts";

export function durationOption(call: CommandCall, name: string): DurationMs | undefined {
  const text = textOption(call, name);
  return text === undefined ? undefined : parseDurationSetting(text, `--${name}`);
}

/**
 * `--cost 0.10`: every unit-hour; `--cost baseline=0.06,predictive=0.10`: by tier, burst as predictive unless
 * it is named.
 */
export function pricesOption(call: CommandCall): Prices | undefined {
  const text = textOption(call, "cost");
  if (text === undefined) return undefined;
  if (!text.includes("=")) {
    const price = priceOf(text, text);
    return { baseline: price, predictive: price, burst: price };
  }
  const given: Record<string, number> = {};
  for (const part of text.split(",")) {
    const [name = "", price = ""] = part.split("=").map((word) => word.trim());
    if (!TIERS.some((tier) => tier === name))
      throw new UserError(`--cost: "${name}" is none of ${TIERS.join(", ")}`);
    given[name] = priceOf(price, part);
  }
  const predictive = given["predictive"] ?? given["burst"] ?? STANDARD_PRICES.predictive;
  return {
    baseline: given["baseline"] ?? predictive,
    predictive,
    burst: given["burst"] ?? predictive,
  };
}

function priceOf(text: string, part: string): number {
  const value = Number(text);
  if (!/^\d|^\.\d/.test(text) || !Number.isFinite(value) || value <= 0)
    throw new UserError(
      `--cost: "${part}" names no price above 0 (like 0.10 or baseline=0.06,predictive=0.10)`,
    );
  return value;
}

/** Demand that one unit carries within the latency objective. */
export function unitOption(call: CommandCall): number | undefined {
  const text = textOption(call, "unitRps");
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d|^\.\d/.test(text) || !Number.isFinite(value) || value <= 0)
    throw new UserError(`--unit-rps: "${text}" is no number above 0`);
  return value;
}
