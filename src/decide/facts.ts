import type { DecideInput, DecideSettings } from "../model/decide-input.ts";
import type { DecisionStep, Need, Risk } from "../model/decision.ts";
import { leadTimeMs } from "../model/lead-time.ts";
import { peakDemand, type StepRange, stepsBetween } from "../model/outlook.ts";
import { totalUnits } from "../model/tier.ts";
import { shortDuration } from "../model/time.ts";
import { type ServingModels, type UnitsNeeded, unitsFor } from "./capacity.ts";
import { type LevelNeed, needByLevel } from "./expected-short.ts";
import { type LatencyRule, latencyRule } from "./latency.ts";
import { fitServing } from "./learn-serving.ts";
import { magnitudeUnits } from "./magnitude.ts";
import { type DemandTrust, missingData } from "./missing-data.ts";
import { shortNumber, unitsText } from "./words.ts";

/** What all rules of a decision start from. */
export interface Facts {
  readonly input: DecideInput;
  readonly settings: DecideSettings;
  readonly risk: Risk;
  readonly need: Need;
  readonly demand: DemandTrust;
  /** Units the forecast term asks for: `need.aheadUnits`, or what the magnitude rule makes of it. */
  readonly plannedUnits: number;
  /** What response times ask for; undefined without a latency policy. */
  readonly latency: LatencyRule | undefined;
  /** Steps of the forecast in [now, now + lead time + cycle); undefined when it says nothing about them. */
  readonly window: StepRange | undefined;
  readonly unitsFor: (demandRps: number) => UnitsNeeded;
  /** What the window may need, by the forecast's levels; reckoned when first asked for. */
  readonly levelNeeds: () => readonly LevelNeed[];
  readonly steps: readonly DecisionStep[];
}

export function gatherFacts(input: DecideInput, risk: Risk): Facts {
  const { settings, forecast, nowMs } = input;
  const windowMs = leadTimeMs(input.leadTimesMs, settings.leadTime) + settings.cycleMs;
  const models = learnedModels(input);
  const margin = 1 + settings.sizing.marginFraction;
  const sized = (demandRps: number) => unitsFor(demandRps * margin, settings.resources, models);
  const demand = missingData(input);
  const quantile = targetQuantile(settings, risk);
  const window = forecast === null ? undefined : stepsBetween(forecast, nowMs, nowMs + windowMs);
  const nowRps = demand.fresh ? (input.observation.demandRps ?? undefined) : undefined;
  const trusted = forecast !== null && window !== undefined && risk.strategy !== "reactive-only";
  const aheadRps = trusted ? peakDemand(forecast, quantile, window) : undefined;
  const observed = nowRps === undefined ? NOTHING : sized(nowRps);
  const ahead = aheadRps === undefined ? NOTHING : sized(aheadRps);
  const latency = latencyRule(input);
  const need: Need = {
    observedUnits: observed.units,
    aheadUnits: ahead.units,
    ...(latency === undefined || latency.units === 0 ? {} : { latencyUnits: latency.units }),
    resource: (ahead.units > observed.units ? ahead : observed).resource,
    quantile,
    windowMs,
  };
  const plannedUnits = trusted ? planned(input, ahead.units) : 0;
  const steps = [
    ...needSteps(need, nowRps, aheadRps, { settings, risk, demand }),
    ...(latency === undefined ? [] : [{ name: "latency", units: latency.units, why: latency.why } as const]),
  ];
  const levelNeeds = once(() => needByLevel(forecast, window, sized));
  const found = { need, demand, plannedUnits, latency, window, levelNeeds, steps };
  return { input, settings, risk, unitsFor: sized, ...found };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function learnedModels({ service, settings }: DecideInput): ServingModels | null {
  if (service === null) return null;
  return Object.fromEntries(
    settings.resources.flatMap((resource) =>
      resource.kind === "queue" ? [[resource.name, fitServing(service, resource.serviceTimeMs)]] : [],
    ),
  );
}

const NOTHING: UnitsNeeded = { units: 0, resource: "" };

function needSteps(
  need: Need,
  nowRps: number | undefined,
  aheadRps: number | undefined,
  facts: Pick<Facts, "settings" | "risk" | "demand">,
): readonly DecisionStep[] {
  const { settings, risk, demand } = facts;
  const leadMs = need.windowMs - settings.cycleMs;
  const span = `within ${shortDuration(need.windowMs)}, lead time ${shortDuration(leadMs)}`;
  const level = `q${Number(need.quantile.toFixed(3))}`;
  const now = nowRps === undefined ? demand.why : `now ${shortNumber(nowRps)} rps`;
  const ahead =
    aheadRps === undefined
      ? `no forecast term, ${risk.strategy}: ${risk.reason}`
      : `${shortNumber(aheadRps)} rps expected at ${level} ${span}`;
  return [
    { name: "need-now", units: need.observedUnits, why: now },
    { name: "quantile", units: 0, why: quantileWhy(settings, risk, need.quantile) },
    { name: "need-ahead", units: need.aheadUnits, why: ahead },
  ];
}

function planned(input: DecideInput, aheadUnits: number): number {
  const { rule } = input.settings.sizing;
  if (rule === "newsvendor") return aheadUnits;
  return magnitudeUnits(totalUnits(input.current.units), aheadUnits, input.settings.risk.acceptable);
}

/** `aggressive` sizes for at least this quantile. */
const AGGRESSIVE_QUANTILE = 0.95;

/**
 * The newsvendor's critical ratio q* = c_under / (c_under + c_over) (Arrow, Harris and Marschak 1951), shifted by
 * the strategy; the magnitude rule works on the median.
 *
 *     c_under   c_over     q*   aggressive
 *           9        1   0.90         0.95
 *          49        1   0.98         0.98
 */
function targetQuantile(settings: DecideSettings, risk: Risk): number {
  if (settings.sizing.rule === "magnitude") return 0.5;
  const under = settings.sizing.underUsdPerUnitHour;
  const ratio = under / (under + settings.tiers.predictive.priceUsdPerUnitHour);
  return risk.strategy === "aggressive" ? Math.max(ratio, AGGRESSIVE_QUANTILE) : ratio;
}

function quantileWhy(settings: DecideSettings, risk: Risk, quantile: number): string {
  const shown = Number(quantile.toFixed(3));
  if (settings.sizing.rule === "magnitude") {
    return `magnitude sizing, acceptable risk ${settings.risk.acceptable}: the median, ${risk.strategy}`;
  }
  const under = settings.sizing.underUsdPerUnitHour;
  const over = settings.tiers.predictive.priceUsdPerUnitHour;
  return `q* ${shown} from ${under} USD/h for a missing unit against ${over} for one too many, ${risk.strategy}`;
}

/** `need` in words, for sentences about both of its sides. */
export function needText(need: Need): string {
  return `${unitsText(need.observedUnits)} for demand now, ${need.aheadUnits} ahead`;
}
