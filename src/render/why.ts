import type { Decision, HoldReason } from "../model/decision.ts";
import { sameSizes, totalUnits } from "../model/tier.ts";
import type { WarmKindPlan } from "../model/warm.ts";

/**
 * A decision in one line, with its numbers:
 *
 *     scale up 6 -> 9: 118 rps expected at q0.93 within 14m, lead time 9m (now 71 rps)
 *     hold at 9: less would do, ... (now 70 rps)
 */
export function why(decision: Omit<Decision, "why">): string {
  const line = `${headline(decision)}: ${cause(decision)}`;
  const below = decision.limits.filter((bound) => bound.belowReactive);
  if (below.length === 0) return line;
  const names = [...new Set(below.map((bound) => bound.limit))].join(", ");
  const total = totalUnits(decision.after.units);
  return `${line}; BELOW DEMAND: ${total} of ${decision.need.observedUnits} units needed now, cut by ${names}`;
}

function headline(decision: Omit<Decision, "why">): string {
  const before = totalUnits(decision.before.units);
  const after = totalUnits(decision.after.units);
  if (decision.outcome.kind === "hold") return `hold at ${after}`;
  if (after > before) return `scale up ${before} -> ${after}`;
  if (after < before) return `scale down ${before} -> ${after}`;
  const { warmUnits } = decision.after;
  if (warmUnits !== decision.before.warmUnits) {
    return `warm pool ${decision.before.warmUnits} -> ${warmUnits} beside ${after}`;
  }
  const kind = movedKind(decision);
  if (kind !== undefined) return `warm ${kind.name} ${kind.before} -> ${kind.count} beside ${after}`;
  return `rebalance tiers at ${after}`;
}

/** The first kind of warm pieces whose count changes, where nothing else does. */
function movedKind(decision: Omit<Decision, "why">): WarmKindPlan | undefined {
  if (!sameSizes(decision.before, decision.after)) return undefined;
  return decision.warmKinds?.find((kind) => kind.count !== kind.before);
}

function cause(decision: Omit<Decision, "why">): string {
  if (decision.outcome.kind === "hold") return holdCause(decision, decision.outcome.reason);
  const before = totalUnits(decision.before.units);
  const after = totalUnits(decision.after.units);
  const now = stepWhy(decision, "need-now");
  const ahead = stepWhy(decision, "need-ahead");
  if (after === before) {
    if (decision.after.warmUnits !== decision.before.warmUnits) return decision.warmReason;
    return movedKind(decision)?.reason ?? stepWhy(decision, "baseline");
  }
  if (after < before) return `${stepWhy(decision, "scale-down")} (${now}; ${ahead})`;
  const { observedUnits, aheadUnits, latencyUnits = 0 } = decision.need;
  if (latencyUnits > Math.max(observedUnits, aheadUnits, before)) {
    return `${stepWhy(decision, "latency")} (${now})`;
  }
  // Demand always needs a unit: none is needed only where demand is not known, and `now` says so.
  if (observedUnits === 0) return now;
  return aheadUnits > observedUnits ? `${ahead} (${now})` : `${now} needs ${observedUnits} (${ahead})`;
}

function holdCause(decision: Omit<Decision, "why">, reason: HoldReason): string {
  const now = stepWhy(decision, "need-now");
  const { observedUnits, aheadUnits } = decision.need;
  const need = `needs ${observedUnits} now, ${aheadUnits} ahead`;
  switch (reason) {
    case "sizes-fit":
      return `sizes fit, ${need} (${now})`;
    case "stabilizing":
    case "gap-in-window":
    case "paused":
      return `${stepWhy(decision, "scale-down")} (${now})`;
    case "demand-stale":
      return now;
    case "latency-high":
      return `${stepWhy(decision, "latency")}, ${need} (${now})`;
    case "not-worth-an-update": {
      const { before } = decision.costUsdPerHour;
      const grows = Math.max(observedUnits, aheadUnits) > totalUnits(decision.before.units);
      if (grows) return `growing by so little is not worth an update yet, ${need} (${now})`;
      return `the saving on ${before} USD/h is not worth an update, ${need} (${now})`;
    }
    case "update-budget":
      return `the updates of the last hour used up the budget, ${need} (${now})`;
    case "limited":
      return `${[...new Set(decision.limits.map((bound) => bound.limit))].join(", ")} leaves no room, ${need} (${now})`;
  }
}

function stepWhy(decision: Omit<Decision, "why">, name: Decision["steps"][number]["name"]): string {
  return decision.steps.find((step) => step.name === name)?.why ?? "";
}
