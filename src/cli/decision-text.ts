import type { Decision, LimitBound } from "../model/decision.ts";
import { TIERS, totalUnits } from "../model/tier.ts";
import { shortDuration } from "../model/time.ts";
import { NEXT_BEST_WORDS } from "../render/chain.ts";
import { warmKindLines } from "../render/warm-lines.ts";
import type { Paint } from "./colour.ts";
import { escapeText } from "./escape-text.ts";
import { figure, percent, usd } from "./figures.ts";
import { textTable } from "./text-table.ts";

/** A decision for people: sizes before and after with cost, what bound, how far the forecast is trusted, and why. */
export function decisionLines(decision: Decision, paint: Paint): readonly string[] {
  const { outcome, risk, need } = decision;
  const verdict = outcome.kind === "change" ? paint("bold", "change") : `hold (${outcome.reason})`;
  return [
    `decision ${escapeText(decision.id)}: ${verdict}`,
    `  ${escapeText(decision.why)}`,
    "",
    ...sizeTable(decision).split("\n"),
    "",
    `need       ${needText(need)}`,
    `strategy   ${risk.strategy}, trust ${percent(risk.trust)} (${escapeText(risk.reason)})`,
    `expected   ${figure(decision.expectedShortUnits.before)} units short before, ` +
      `${figure(decision.expectedShortUnits.after)} after`,
    ...reckoningLines(decision),
    ...decision.limits.map((bound) => `limit      ${limitText(bound, paint)}`),
    ...warmKindLines(decision).map((text) => `warm       ${escapeText(text)}`),
    ...(decision.prewarm === undefined ? [] : [`prewarm    ${escapeText(decision.prewarm.reason)}`]),
  ];
}

/** No resource asked for anything: demand is not known, and 0 units would be a claim. */
function needText({ observedUnits, aheadUnits, quantile, windowMs, resource }: Decision["need"]): string {
  if (resource === "") return "not known: demand is missing or stale";
  const over = `quantile ${figure(quantile)} over ${shortDuration(windowMs)}`;
  return `${observedUnits} units now, ${aheadUnits} ahead (${over}, ${escapeText(resource)})`;
}

/** The worth of the change and the next best; nothing in records of before there was a reckoning. */
function reckoningLines({ reckoning, outcome }: Decision): readonly string[] {
  if (reckoning === undefined) return [];
  const { change, nextBest, decided, windowMs } = reckoning;
  const over = `over ${shortDuration(windowMs)}`;
  const price = `${usd(change.costUsdPerHour)}/h for ${figure(-change.expectedShortUnits)} fewer units missing`;
  const extra = nextBest === null ? 0 : nextBest.expectedUsdPerHour - decided.expectedUsdPerHour;
  return [
    ...(outcome.kind === "hold" ? [] : [`worth      ${price}: ${usd(change.netUsd)} net ${over}`]),
    ...(nextBest === null
      ? []
      : [
          `next best  ${NEXT_BEST_WORDS[nextBest.kind]}, ${nextBest.units}: ` +
            `${usd(nextBest.costUsdPerHour)}/h and ${figure(nextBest.expectedShortUnits)} units short, ` +
            `${usd(Math.abs(extra))}/h ${extra >= 0 ? "dearer" : "cheaper"} in all`,
        ]),
  ];
}

/** The steps that led to a decision, in order. */
export function stepLines(decision: Decision): readonly string[] {
  return decision.steps.map(
    ({ name, units, why }) => `  ${name.padEnd(11)} ${String(units).padStart(4)}  ${escapeText(why)}`,
  );
}

function sizeTable(decision: Decision): string {
  const { before, after, costUsdPerHour } = decision;
  const row = (name: string, from: number, to: number): readonly string[] => [
    name,
    String(from),
    String(to),
    signed(to - from),
  ];
  const costChange = costUsdPerHour.after - costUsdPerHour.before;
  return textTable(
    [
      { title: "tier" },
      { title: "before", right: true },
      { title: "after", right: true },
      { title: "change", right: true },
    ],
    [
      ...TIERS.map((tier) => row(tier, before.units[tier], after.units[tier])),
      row("total", totalUnits(before.units), totalUnits(after.units)),
      row("warm", before.warmUnits, after.warmUnits),
      [
        "cost/h",
        usd(costUsdPerHour.before),
        usd(costUsdPerHour.after),
        costChange === 0 ? "=" : `${costChange > 0 ? "+" : "-"}${usd(Math.abs(costChange))}`,
      ],
    ],
  );
}

function signed(change: number): string {
  if (change === 0) return "=";
  return change > 0 ? `+${change}` : String(change);
}

function limitText(bound: LimitBound, paint: Paint): string {
  const text = `${bound.limit} (${bound.tier}): asked ${bound.askedUnits}, allowed ${bound.allowedUnits}`;
  return bound.belowReactive ? paint("red", `${text}: BELOW WHAT DEMAND NEEDS NOW`) : text;
}
