import type { DecideInput } from "../model/decide-input.ts";
import { shortDuration } from "../model/time.ts";

export interface DemandTrust {
  /** Demand is fresh: need can be computed, and capacity may shrink. */
  readonly fresh: boolean;
  /** Total units below which capacity must not stay although demand is unknown; 0: hold only. */
  readonly fallbackUnits: number;
  readonly why: string;
}

/**
 * Missing data is not zero: capacity is held for `missing.holdMs`, then raised to the safe fallback where that is
 * more than what is held, and never lowered. Fresh demand ends all this by itself.
 *
 *     demand         held   fallback   asked for
 *     fresh             -          -   what demand needs
 *     gone 5 m         12         20   12
 *     gone 31 m        12         20   20           holdMs 30 m
 *     gone 31 m        25         20   25
 */
export function missingData(input: DecideInput): DemandTrust {
  const { observation, settings, nowMs } = input;
  if (observation.freshness === "fresh" && observation.demandRps !== null) {
    return { fresh: true, fallbackUnits: 0, why: "" };
  }
  const goneMs = Math.max(0, nowMs - (input.missingSinceMs ?? nowMs));
  const gone = `demand ${observation.freshness === "stale" ? "stale" : "missing"} for ${shortDuration(goneMs)}`;
  const note = observation.note === "" ? "" : ` (${observation.note})`;
  if (goneMs < settings.missing.holdMs) {
    return { fresh: false, fallbackUnits: 0, why: `${gone}${note}: capacity is held, never lowered` };
  }
  const { fallbackUnits } = settings.missing;
  return {
    fresh: false,
    fallbackUnits,
    why:
      `${gone}${note}, longer than ${shortDuration(settings.missing.holdMs)}: ` +
      `at least the fallback of ${fallbackUnits} units`,
  };
}
