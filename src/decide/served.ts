import type { ResourceSettings } from "../model/settings.ts";
import { unitsFor } from "./capacity.ts";

const STEP_RPS = 0.1;
const MOST_RPS = 1e7;

/** Largest demand that `units` serve within the objective, requests/s: the inverse of the capacity model, to 0.1. */
export function servedRps(units: number, resources: readonly ResourceSettings[]): number {
  if (units <= 0) return 0;
  let low = 0;
  let high = 1;
  while (unitsFor(high, resources, null).units <= units && high < MOST_RPS) high *= 2;
  while (high - low > STEP_RPS) {
    const middle = (low + high) / 2;
    if (unitsFor(middle, resources, null).units <= units) low = middle;
    else high = middle;
  }
  return low;
}
