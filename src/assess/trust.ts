import type { ForecastRecord } from "../model/cycle.ts";
import type { ForecastEvidence } from "../model/forecast.ts";
import { demandAt, type StepRange } from "../model/outlook.ts";
import type { ResourceSettings } from "../model/settings.ts";

/** What an unmeasured part counts: between "proven" and "failed", nearer to proven. */
const UNKNOWN = 0.75;

/** 1 at `best`, 0 at `worst`, linear between, held outside; 6 decimals, so that records read well. */
function grade(value: number, best: number, worst: number): number {
  const share = (worst - value) / (worst - best);
  return Math.round(Math.min(1, Math.max(0, share)) * 1e6) / 1e6;
}

/**
 * Width of the 90 % interval at the end of the window, against the largest of its median, demand now and what one
 * unit carries: in a quiet night "0 to 3 requests/s" is a wide interval, but not one that sizes could differ by.
 */
export function widthTrust(
  forecast: ForecastRecord,
  range: StepRange,
  demandRps: number | null,
  resources: readonly ResourceSettings[],
): number {
  const widthRps = demandAt(forecast, 0.95, range.last) - demandAt(forecast, 0.05, range.last);
  const sizeRps = Math.max(demandAt(forecast, 0.5, range.last), demandRps ?? 0, unitRps(resources));
  return widthRps <= 0 ? 1 : grade(widthRps / sizeRps, 0.3, 2.5);
}

/** Demand that keeps one unit fully busy: of its resources, the scarcest. */
function unitRps(resources: readonly ResourceSettings[]): number {
  return Math.min(
    ...resources.map((resource) =>
      resource.kind === "queue"
        ? (resource.slotsPerUnit * 1000) / resource.serviceTimeMs
        : (resource.perUnit * resource.targetUtilization) / Math.max(resource.perRps, Number.MIN_VALUE),
    ),
  );
}

/**
 * Measured coverage of the 90 % intervals at the first configured horizon that reaches over the window. Intervals
 * that hold too often cost units, not trust: their width already counts.
 */
export function coverageTrust(
  evidence: ForecastEvidence | null,
  horizonsMs: readonly number[],
  windowMs: number,
): number {
  const reaching = horizonsMs.findIndex((horizonMs) => horizonMs >= windowMs);
  const coverage = evidence?.coverage90[reaching < 0 ? horizonsMs.length - 1 : reaching];
  // A record read back holds null where undefined was.
  return typeof coverage === "number" ? grade(coverage, 0.88, 0.6) : UNKNOWN;
}

/** Error against naive: 1.0 of naive is still 0.75, since the quantiles know more than the point does. */
export function accuracyTrust(evidence: ForecastEvidence | null): number {
  const relative = evidence?.relativeError;
  return typeof relative === "number" ? grade(relative, 2 / 3, 2) : UNKNOWN;
}

/** How unlike the forecast the present is. */
export function anomalyTrust(evidence: ForecastEvidence | null): number {
  return evidence === null ? UNKNOWN : grade(Math.abs(evidence.anomalyScore), 3, 9);
}

/** Age of what the forecast has seen. */
export function stalenessTrust(ageMs: number, staleAfterMs: number, holdMs: number): number {
  if (ageMs <= staleAfterMs) return 1;
  return holdMs <= 0 ? 0 : grade(ageMs, staleAfterMs, staleAfterMs + holdMs);
}
