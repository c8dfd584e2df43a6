import type { Decision, DecisionStep, LimitBound } from "../model/decision.ts";
import type { AlternativeKind, Outlay, Reckoning } from "../model/reckoning.ts";
import { TIERS, totalUnits } from "../model/tier.ts";
import { shortDuration } from "../model/time.ts";

/**
 * How a decision came about, in sentences, in the order in which it did: raw need, strategy, tier split, each limit
 * that bound, final sizes; then what it is expected to cost and to miss, the next best, and what the change is worth.
 * No colour, one sentence a line.
 */
export function chainSentences(decision: Decision): readonly string[] {
  const { reckoning } = decision;
  return [
    ...needSentences(decision),
    ...tierSentences(decision),
    ...limitSentences(decision.limits),
    finalSentence(decision),
    ...(reckoning === undefined ? [] : reckoningSentences(reckoning, decision)),
  ];
}

function needSentences(decision: Decision): readonly string[] {
  const { need, risk } = decision;
  const step = (name: DecisionStep["name"]) => decision.steps.find((each) => each.name === name);
  const now = step("need-now")?.why ?? "";
  const known = need.observedUnits > 0;
  const ahead = step("need-ahead")?.why ?? "";
  const latency = step("latency");
  const quantile = need.aheadUnits > 0 ? step("quantile") : undefined;
  return [
    known
      ? `Demand ${now} needs ${unitsText(need.observedUnits)}.`
      : `How many units demand needs is not known: ${now}.`,
    `The strategy is ${risk.strategy}, ${risk.reason}.`,
    ...(quantile === undefined ? [] : [`Sized for ${quantile.why}.`]),
    need.aheadUnits > 0
      ? `The forecast has ${ahead}: ${unitsText(need.aheadUnits)}.`
      : `The forecast asks for nothing: ${ahead}.`,
    ...(latency === undefined ? [] : [`Response times: ${latency.why.replace(/^response times /, "")}.`]),
  ];
}

function tierSentences({ after, steps }: Decision): readonly string[] {
  const whyOf = (name: DecisionStep["name"]) => steps.find((step) => step.name === name)?.why ?? "";
  const beside = after.warmUnits === 1 ? "1 warm unit" : `${after.warmUnits} warm units`;
  const account = whyOf("account");
  return [
    ...TIERS.map((tier) => `The ${tier} tier gets ${unitsText(after.units[tier])}: ${whyOf(tier)}.`),
    `Beside them ${beside}: ${whyOf("warm")}.`,
    `On the way down: ${whyOf("scale-down")}.`,
    ...(account === "" ? [] : [`The account: ${account}.`]),
  ];
}

function limitSentences(limits: readonly LimitBound[]): readonly string[] {
  if (limits.length === 0) return ["No limit bound."];
  return limits.map(({ limit, tier, askedUnits, allowedUnits, belowReactive }) => {
    const where = tier === "total" ? "in total" : tier === "warm" ? "as warm units" : `in the ${tier} tier`;
    const loud = belowReactive ? ": BELOW WHAT DEMAND NEEDS NOW" : "";
    return `The limit ${limit} bound: ${askedUnits} asked for ${where}, ${allowedUnits} allowed${loud}.`;
  });
}

function finalSentence({ outcome, before, after }: Decision): string {
  const from = totalUnits(before.units);
  const to = totalUnits(after.units);
  if (outcome.kind === "hold") return `So it stays at ${unitsText(to)} (${outcome.reason}).`;
  return from === to ? `So ${unitsText(to)} are split anew.` : `So ${from} units become ${to}.`;
}

const BASIS_WORDS: Readonly<Record<Reckoning["basis"], string>> = {
  forecast: "by the forecast",
  "untrusted-forecast": "by a forecast that is not trusted",
  "demand-now": "by demand now alone",
  nothing: "",
};

function reckoningSentences(reckoning: Reckoning, decision: Decision): readonly string[] {
  const { basis, decided, nextBest, windowMs, missingUsdPerUnitHour } = reckoning;
  if (basis === "nothing") {
    return [`It costs ${usd(decided.costUsdPerHour)}/h; what it will miss is not known.`];
  }
  const span = shortDuration(windowMs);
  const charged = `with ${usd(missingUsdPerUnitHour)}/h for a missing unit`;
  return [
    `Over the next ${span}, ${BASIS_WORDS[basis]}, it is expected to ${missText(decided)} and to cost ` +
      `${usd(decided.costUsdPerHour)}/h: ${charged}, ${usd(decided.expectedUsdPerHour)}/h in all.`,
    ...(nextBest === null
      ? ["The limits allow no other size."]
      : [nextBestSentence(nextBest, decided, NEXT_BEST_WORDS[nextBest.kind])]),
    ...changeSentence(reckoning, decision, span),
  ];
}

/** An alternative in words. */
export const NEXT_BEST_WORDS: Readonly<Record<AlternativeKind, string>> = {
  hold: "the sizes as they were",
  "one-more": "one unit more",
  "one-less": "one unit less",
  reactive: "what demand needs now and no more",
  "no-forecast": "what would be held without a forecast",
};

function nextBestSentence(other: Outlay, decided: Outlay, words: string): string {
  const extra = other.expectedUsdPerHour - decided.expectedUsdPerHour;
  const compared =
    extra >= 0
      ? `${usd(extra)}/h dearer`
      : `${usd(-extra)}/h cheaper (tiercast why-not --units ${other.units} says what stands against it)`;
  return (
    `The next best is ${words}, ${unitsText(other.units)}: it is expected to ${missText(other)} and to cost ` +
    `${usd(other.costUsdPerHour)}/h, ${usd(other.expectedUsdPerHour)}/h in all, ${compared}.`
  );
}

function missText({ expectedShortUnits: short, shortChance }: Outlay): string {
  if (short === 0) return "miss nothing";
  const percent = Number((100 * shortChance).toPrecision(2));
  return `miss ${Number(short.toPrecision(3))} units (some in ${percent} % of cases)`;
}

function changeSentence({ change }: Reckoning, { outcome }: Decision, span: string): readonly string[] {
  if (outcome.kind === "hold") return [];
  const { costUsdPerHour: cost, expectedShortUnits: short, avoidedUsdPerHour: avoided } = change;
  const price =
    cost === 0 ? "costs the same" : `costs ${usd(Math.abs(cost))}/h ${cost > 0 ? "more" : "less"}`;
  const misses =
    short === 0
      ? "misses as much"
      : `misses ${Number(Math.abs(short).toPrecision(3))} ${short < 0 ? "fewer" : "more"} units, ` +
        `worth ${usd(Math.abs(avoided))}/h`;
  const net = `${usd(change.netUsd)} net over ${span}`;
  const update = change.updateUsd > 0 ? `, the update at ${usd(change.updateUsd)} paid` : "";
  return [`The change ${price} and ${misses}: ${net}${update}.`];
}

function unitsText(units: number): string {
  return `${units} unit${units === 1 ? "" : "s"}`;
}

/** `$0.30`, `$12.50`, `$0.00028`: cents, or two digits that count. */
function usd(value: number): string {
  const size = Math.abs(value);
  const text = size === 0 || size >= 0.01 ? size.toFixed(2) : size.toPrecision(2);
  return `${value < 0 ? "-" : ""}$${text}`;
}
