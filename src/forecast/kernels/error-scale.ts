import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import type { LocalClock } from "../local-clock.ts";
import type { SlotSums } from "./seasonal-fit.ts";

/**
 * Typical size of errors over the local day: nights are quieter than noons. One value per slot of the day,
 * > 0.
 */
export interface ErrorScale {
  readonly stepMs: number;
  readonly phaseMs: number;
  readonly values: Float64Array;
}

/** Errors' worth of the overall size mixed into each slot's own. */
const PRIOR_ERRORS = 30;

/**
 * Mean absolute error per local time of day over a window of +-1 h, shrunk to the overall mean. Errors are
 * cut at eight times the overall median size, so that one spike does not widen its hour for ever.
 */
export function errorScale(errors: Float64Array, slots: SlotSums): ErrorScale {
  const { daySlots, slotOf, stepMs, phaseMs } = slots;
  const sums = new Float64Array(daySlots);
  const counts = new Float64Array(daySlots);
  const sizes = errors.filter((error) => !Number.isNaN(error)).map(Math.abs);
  const sorted = sizes.slice().sort();
  const limit = 8 * (sorted[sorted.length >> 1] ?? 0) || Number.POSITIVE_INFINITY;
  let total = 0;
  for (let i = 0; i < errors.length; i++) {
    const size = Math.min(limit, Math.abs(errors[i] ?? Number.NaN));
    if (Number.isNaN(size)) continue;
    const slot = (slotOf[i] ?? 0) % daySlots;
    sums[slot] = (sums[slot] ?? 0) + size;
    counts[slot] = (counts[slot] ?? 0) + 1;
    total += size;
  }
  const overall = sizes.length === 0 ? 0 : total / sizes.length;
  const reach = Math.max(1, Math.round(HOUR_MS / stepMs));
  const values = Float64Array.from(sums, (_, slot) =>
    overall > 0 ? windowMean(sums, counts, slot, reach, overall) : 1,
  );
  return { stepMs, phaseMs, values };
}

function windowMean(
  sums: Float64Array,
  counts: Float64Array,
  slot: number,
  reach: number,
  overall: number,
): number {
  let sum = overall * PRIOR_ERRORS;
  let count = PRIOR_ERRORS;
  for (let near = -reach; near <= reach; near++) {
    const at = (slot + near + 2 * sums.length) % sums.length;
    sum += sums[at] ?? 0;
    count += counts[at] ?? 0;
  }
  return sum / count;
}

export function scaleAt(scale: ErrorScale, clock: LocalClock, utcMs: number): number {
  const since = (clock.localMs(utcMs) - scale.phaseMs) % DAY_MS;
  return scale.values[Math.floor((since < 0 ? since + DAY_MS : since) / scale.stepMs)] ?? 1;
}
