import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";

/** Share of the windows that are drawn from moved histories. */
export const MOVED_SHARE = 0.2;

const MEAN_DAYS = 2;
const LARGEST = 1.1;

/**
 * The history with made-up level changes, about one in two days and each up to threefold either way: a
 * network that has seen none in its own series would take the first for noise.
 */
export function withLevelShifts(history: DemandSeries, random: () => number): DemandSeries {
  const values = history.values.slice();
  const chance = history.stepMs / (MEAN_DAYS * DAY_MS);
  let factor = 1;
  for (let i = 0; i < values.length; i++) {
    if (random() < chance) factor = Math.exp((2 * random() - 1) * LARGEST);
    values[i] = (values[i] as number) * factor;
  }
  return { ...history, values };
}
