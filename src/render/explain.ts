import type { Decision, LimitBound } from "../model/decision.ts";
import { type Sizes, TIERS, totalUnits } from "../model/tier.ts";
import { shortDuration } from "../model/time.ts";
import { warmKindLines } from "./warm-lines.ts";

/** A decision in full, for `tiercast explain`: need, risk, tier split, limits, sizes, cost. Lines, no colour. */
export function explain(decision: Decision): string {
  const { need, risk, costUsdPerHour: cost, expectedShortUnits: short } = decision;
  const parts = Object.entries(risk.parts).map(([name, value]) => `${name} ${value.toFixed(2)}`);
  return [
    decision.why,
    "",
    `decision   ${decision.id} at ${new Date(decision.atMs).toISOString()}, ` +
      `demand known to ${new Date(decision.cutoffMs).toISOString()}`,
    `mode       ${decision.mode}, sizing ${decision.sizing}`,
    `need       ${need.observedUnits} units now, ${need.aheadUnits} ahead ` +
      `(q${Number(need.quantile.toFixed(3))} within ${shortDuration(need.windowMs)}), by ${need.resource || "nothing"}`,
    `risk       ${risk.strategy}, ${risk.reason}`,
    `           ${parts.join(", ")}`,
    "steps",
    ...decision.steps.map((step) => `  ${step.name.padEnd(12)}${unitsColumn(step)}  ${step.why}`),
    decision.limits.length === 0 ? "limits     none bound" : "limits",
    ...decision.limits.map(limitLine),
    `sizes      ${sizesText(decision.before)}`,
    `        -> ${sizesText(decision.after)}`,
    `cost       ${cost.before} -> ${cost.after} USD/h`,
    `short      ${short.before} -> ${short.after} units expected to be missing within the window`,
    `warm       ${decision.warmReason}${expiry(decision)}`,
    ...warmKindLines(decision).map((line) => `           ${line}`),
    ...(decision.prewarm === undefined ? [] : [`prewarm    ${decision.prewarm.reason}`]),
  ].join("\n");
}

function unitsColumn(step: Decision["steps"][number]): string {
  return step.name === "quantile" ? "   -" : String(step.units).padStart(4);
}

function limitLine(bound: LimitBound): string {
  const loud = bound.belowReactive ? "  BELOW WHAT DEMAND NEEDS NOW" : "";
  const { limit, tier, askedUnits, allowedUnits } = bound;
  return `  ${limit.padEnd(14)}${tier.padEnd(11)}asked ${askedUnits}, allowed ${allowedUnits}${loud}`;
}

function sizesText(sizes: Sizes): string {
  const tiers = TIERS.map((tier) => `${tier} ${sizes.units[tier]}`).join(", ");
  return `${totalUnits(sizes.units)} units: ${tiers}; warm ${sizes.warmUnits}`;
}

function expiry(decision: Decision): string {
  if (decision.warmExpiresMs === undefined) return "";
  return `; expires in ${shortDuration(decision.warmExpiresMs - decision.atMs)}`;
}
