import type { TrafficSample } from "../model/platform.ts";
import { type Sizes, totalUnits } from "../model/tier.ts";

/** Fewer requests than this say nothing about a share of them. */
const LEAST_REQUESTS = 50;
/** Violations below 2 % of requests are not sharp, however few there were before. */
const LEAST_SHARE = 0.02;
const RISE_FACTOR = 3;
/** More arrivals than this after the shrink, and it is demand that changed. */
const SAME_DEMAND_FACTOR = 1.2;

/**
 * Words for a sharp rise of violations (failed, or served late) after a shrink; undefined when there is none.
 *
 *     before   since   arrivals   verdict
 *      0.5 %     1 %       same   keep
 *      0.5 %     5 %       same   roll back
 *      0.5 %     5 %     double   keep: demand rose, the next decision sizes for it
 */
export function violationsAfterShrink(
  expected: { readonly sizes: Sizes; readonly previous: Sizes },
  before: TrafficSample | null,
  since: TrafficSample | null,
): string | undefined {
  const from = totalUnits(expected.previous.units);
  const to = totalUnits(expected.sizes.units);
  if (to >= from || before === null || since === null) return undefined;
  if (before.arrived < LEAST_REQUESTS || since.arrived < LEAST_REQUESTS) return undefined;
  if (arrivalRate(since) > arrivalRate(before) * SAME_DEMAND_FACTOR) return undefined;
  const was = violationShare(before);
  const is = violationShare(since);
  if (is < LEAST_SHARE || is < was * RISE_FACTOR) return undefined;
  return `violations rose from ${percent(was)} to ${percent(is)} after the shrink ${from} -> ${to}: back to ${from}`;
}

function violationShare(sample: TrafficSample): number {
  return (sample.failed + sample.late) / sample.arrived;
}

function arrivalRate(sample: TrafficSample): number {
  return sample.arrived / Math.max(1, sample.toWallMs - sample.fromWallMs);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
