import type { DecideInput } from "../model/decide-input.ts";
import type { Risk, Strategy } from "../model/decision.ts";
import { leadTimeMs } from "../model/lead-time.ts";
import { peakDemand, type StepRange, stepsBetween } from "../model/outlook.ts";
import { shortDuration } from "../model/time.ts";
import { accuracyTrust, anomalyTrust, coverageTrust, stalenessTrust, widthTrust } from "./trust.ts";

/**
 * How far the forecast can be trusted now, and what the sizing makes of it.
 *
 * Trust is the weighted geometric mean of its parts, so a part at 0 sinks the whole however good the rest is:
 *
 *     part       weight   1 at                      0 at
 *     width        0.15   90 % interval <= 0.3      >= 2.5 of the demand it is about
 *     coverage     0.30   90 % intervals hold 88 %  60 %
 *     accuracy     0.25   error <= 0.67 of naive    twice naive
 *     anomaly      0.15   |z| <= 3                  |z| >= 9
 *     staleness    0.15   cutoff <= stale limit     that plus the hold time
 *
 * `aggressive` when trust is high and demand is about to rise, `reactive-only` below the floor or while the accuracy
 * gate stops the forecast, else `conservative`.
 */
export function assess(input: DecideInput): Risk {
  const { forecast, settings, nowMs } = input;
  const windowMs = leadTimeMs(input.leadTimesMs, settings.leadTime) + settings.cycleMs;
  const range = forecast === null ? undefined : stepsBetween(forecast, nowMs, nowMs + windowMs);
  if (forecast === null || range === undefined) return noForecast(input);
  const parts = {
    width: widthTrust(forecast, range, input.observation.demandRps, input.settings.resources),
    coverage: coverageTrust(input.evidence, settings.horizons, windowMs),
    accuracy: accuracyTrust(input.evidence),
    anomaly: anomalyTrust(input.evidence),
    staleness: stalenessTrust(nowMs - forecast.cutoffMs, settings.staleAfterMs, settings.missing.holdMs),
  };
  const trust = combine(parts);
  if (input.gate?.forecastActs === false) {
    const reason = `trust ${trust.toFixed(2)}, but the forecast does not act: ${input.gate.reason}`;
    return { trust, parts, strategy: "reactive-only", reason };
  }
  const rising = expectsRise(input, range);
  const strategy = strategyFor(trust, rising, settings.risk);
  return { trust, parts, strategy, reason: reasonFor(trust, parts, strategy, rising, input) };
}

const WEIGHTS: Readonly<Record<keyof Risk["parts"], number>> = {
  width: 0.15,
  coverage: 0.3,
  accuracy: 0.25,
  anomaly: 0.15,
  staleness: 0.15,
};
const PARTS = ["width", "coverage", "accuracy", "anomaly", "staleness"] as const;

/** Demand counts as rising from 5 % above what is seen now: less is noise of the median. */
const RISE_FACTOR = 1.05;

function combine(parts: Risk["parts"]): number {
  let product = 1;
  for (const part of PARTS) product *= parts[part] ** WEIGHTS[part];
  return Math.round(product * 1e6) / 1e6;
}

function expectsRise(input: DecideInput, range: StepRange): boolean {
  const { forecast, observation } = input;
  if (forecast === null) return false;
  const nowRps =
    observation.demandRps ?? peakDemand(forecast, 0.5, { first: range.first, last: range.first });
  return peakDemand(forecast, 0.5, range) > nowRps * RISE_FACTOR;
}

function strategyFor(trust: number, rising: boolean, risk: DecideInput["settings"]["risk"]): Strategy {
  if (trust < risk.trustFloor) return "reactive-only";
  return trust >= risk.aggressiveAbove && rising ? "aggressive" : "conservative";
}

function reasonFor(
  trust: number,
  parts: Risk["parts"],
  strategy: Strategy,
  rising: boolean,
  input: DecideInput,
): string {
  const { trustFloor, aggressiveAbove } = input.settings.risk;
  const weakest = PARTS.reduce((worst, part) => (parts[part] < parts[worst] ? part : worst));
  const words = `trust ${trust.toFixed(2)}, weakest part ${weakest} ${parts[weakest].toFixed(2)}`;
  if (strategy === "reactive-only")
    return `${words}: below the floor ${trustFloor}, the forecast is left out`;
  if (strategy === "aggressive")
    return `${words}: at or above ${aggressiveAbove} and demand is about to rise`;
  return `${words}: ${rising ? `below ${aggressiveAbove}` : "no rise expected"}`;
}

function noForecast(input: DecideInput): Risk {
  const { forecast, nowMs } = input;
  const reason =
    forecast === null
      ? "there is no forecast"
      : `the forecast of ${shortDuration(nowMs - forecast.cutoffMs)} ago does not reach now`;
  return {
    trust: 0,
    parts: { width: 0, coverage: 0, accuracy: 0, anomaly: 0, staleness: 0 },
    strategy: "reactive-only",
    reason,
  };
}
