import type { Settings } from "../model/settings.ts";
import { type Sizes, sameSizes, totalUnits } from "../model/tier.ts";
import { HOUR_MS } from "../model/time.ts";
import type { TraceWorld } from "./world.ts";

/** Lead times as the daemon measures them (`watchLeadTime`), by step. */
export interface LeadWatch {
  /** Takes what was there during `step` after sizes went from `before` to `after`. */
  step(step: number, before: Sizes, after: Sizes, readyUnits: number): void;
  /** Oldest first, at most the last 200. */
  measuredMs(): readonly number[];
}

const KEPT = 200;
/** A watch is given up after so many expected lead times and an hour, as in the daemon. */
const LONGEST_LEAD_TIMES = 5;

/** Growths timed at once, as in the daemon. */
const MOST_WATCHES = 16;

/**
 * From each update that grows the total to the step in which all its units are ready; one that is taken back in part is
 * not timed. Undefined where lead times do not vary: the prior is right then.
 */
export function leadWatch({ series, disturbances }: TraceWorld, settings: Settings): LeadWatch | undefined {
  if (disturbances === undefined || disturbances.settings.leadSigma === 0) return undefined;
  const limitMs = LONGEST_LEAD_TIMES * settings.leadTime.priorMs + HOUR_MS;
  let measured: readonly number[] = [];
  let watched: readonly { readonly sinceStep: number; readonly units: number }[] = [];
  return {
    measuredMs: () => measured,
    step: (step, before, after, readyUnits) => {
      if (!sameSizes(before, after)) {
        const units = totalUnits(after.units);
        watched = watched.filter((watch) => watch.units <= units);
        if (units > totalUnits(before.units)) {
          watched = [...watched, { sinceStep: step, units }].slice(-MOST_WATCHES);
        }
      }
      for (const { sinceStep, units } of watched) {
        if (readyUnits >= units) measured = [...measured, (step - sinceStep) * series.stepMs].slice(-KEPT);
      }
      watched = watched.filter(
        ({ sinceStep, units }) => readyUnits < units && (step - sinceStep) * series.stepMs < limitMs,
      );
    },
  };
}
