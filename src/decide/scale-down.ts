import type { HoldReason } from "../model/decision.ts";
import { totalUnits } from "../model/tier.ts";
import { shortDuration } from "../model/time.ts";
import type { Facts } from "./facts.ts";
import { shortNumber } from "./words.ts";

export interface ScaleDown {
  /** Units that stay in any case: what is needed, or what has to be held. */
  readonly keepUnits: number;
  /** Whether any tier may give up anything: demand is fresh and the window behind it has no gap. */
  readonly mayRelease: boolean;
  /** Why more is kept than needed; undefined when it is not. */
  readonly held:
    | Extract<HoldReason, "stabilizing" | "demand-stale" | "gap-in-window" | "latency-high">
    | undefined;
  readonly why: string;
}

/**
 * How far capacity may fall. Doubt never removes capacity: demand must be fresh, the window behind it without a
 * gap, the need below the release band, and no need of the stabilisation window larger.
 *
 *     size   need   largest need of the window   band   kept
 *       10      7                            7      0      7
 *       10      7                            9      0      9     stabilising
 *       10      9                            9    0.2     10     9 is not below 8
 *       10      7                          gap      0     10
 */
export function scaleDown(facts: Facts): ScaleDown {
  const { input, need, settings } = facts;
  const sizeUnits = totalUnits(input.current.units);
  const { stabilizationMs, releaseBand } = settings.sizing;
  const window = input.needHistory.filter((past) => past.atMs > input.nowMs - stabilizationMs);
  const gap = hasGap(facts, window);
  const mayRelease = facts.demand.fresh && !gap;
  const raisedUnits = facts.latency?.kind === "raise" ? facts.latency.units : 0;
  const { fallbackUnits } = facts.demand;
  const askedUnits = Math.max(need.observedUnits, facts.plannedUnits, fallbackUnits, raisedUnits);
  if (askedUnits >= sizeUnits) {
    return { keepUnits: askedUnits, mayRelease, held: undefined, why: `${askedUnits} units asked for` };
  }
  const hold = (held: NonNullable<ScaleDown["held"]>, why: string): ScaleDown => {
    return { keepUnits: sizeUnits, mayRelease, held, why };
  };
  const would = `${askedUnits} of ${sizeUnits} units would do`;
  if (!facts.demand.fresh) return hold("demand-stale", facts.demand.why);
  if (gap) return hold("gap-in-window", `${would}, but demand of the last steps has a gap: held`);
  if (facts.latency?.kind === "hold") return hold("latency-high", `${would}, but ${facts.latency.why}`);
  const bandUnits = sizeUnits * (1 - releaseBand);
  if (Math.max(need.observedUnits, need.aheadUnits) > bandUnits - 1e-9 && releaseBand > 0) {
    return hold("stabilizing", `${would}, not below the release band at ${shortNumber(bandUnits)}: held`);
  }
  const keepUnits = Math.min(sizeUnits, Math.max(askedUnits, ...window.map((past) => past.units ?? 0)));
  if (keepUnits === askedUnits) {
    return { keepUnits, mayRelease, held: undefined, why: `${askedUnits} of ${sizeUnits} units do` };
  }
  const why = `${would}, the last ${shortDuration(stabilizationMs)} needed up to ${keepUnits}: kept`;
  return { keepUnits, mayRelease, held: "stabilizing", why };
}

function hasGap(facts: Facts, window: readonly { readonly units: number | null }[]): boolean {
  return (
    facts.input.observation.recentRps.some((demandRps) => demandRps === null) ||
    window.some((past) => past.units === null)
  );
}
