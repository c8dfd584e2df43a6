import type { DecideInput, NeedSample } from "../model/decide-input.ts";
import type { Need } from "../model/decision.ts";

/** Samples kept at most, whatever the stabilisation window says. */
const MAX_SAMPLES = 2_000;

/**
 * The need history the next cycle is given: this cycle's need added (null when demand was not fresh), what is older
 * than the stabilisation window dropped, and nothing kept that lies in the future of a clock set back.
 */
export function nextNeedHistory(input: DecideInput, need: Need): readonly NeedSample[] {
  const fresh = input.observation.freshness === "fresh" && input.observation.demandRps !== null;
  const units = fresh ? Math.max(need.observedUnits, need.aheadUnits, need.latencyUnits ?? 0) : null;
  const oldestMs = input.nowMs - input.settings.sizing.stabilizationMs;
  const past = input.needHistory.filter((sample) => sample.atMs > oldestMs && sample.atMs < input.nowMs);
  return [...past, { atMs: input.nowMs, units }].slice(-MAX_SAMPLES);
}
