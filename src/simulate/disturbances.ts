import { normalScore } from "../model/interpolate-quantile.ts";
import { seededRandom } from "./seeded-random.ts";

/** How far a world is from the ideal one; 0 everywhere is the ideal one. */
export interface DisturbanceSettings {
  readonly seed: number;
  /** Standard deviation of the logarithm of a started batch's lead time; its median is the world's. */
  readonly leadSigma: number;
  /** Share of the steps in which an update fails: sizes stay, and the controller is told. */
  readonly failedUpdateShare: number;
  /** Steps by which demand is seen later. */
  readonly metricDelaySteps: number;
  /** Share of the samples that never arrive. */
  readonly lostSampleShare: number;
}

/**
 * What goes wrong in a world, by step of its trace. Drawn by step and not by event, so that every policy meets the
 * same luck at the same instant whatever it did before.
 */
export interface Disturbances {
  readonly settings: DisturbanceSettings;
  /** Steps from request to ready for what is started at each step. */
  readonly leadSteps: Int32Array;
  readonly longestLeadSteps: number;
  /** 1: an update at this step fails. */
  readonly updateFails: Uint8Array;
  /** 1: demand of this step is never seen. */
  readonly sampleLost: Uint8Array;
}

export const NO_DISTURBANCE: DisturbanceSettings = {
  seed: 1,
  leadSigma: 0,
  failedUpdateShare: 0,
  metricDelaySteps: 0,
  lostSampleShare: 0,
};

/** Luck of `steps` steps; undefined for the ideal world. The same settings give the same luck. */
export function disturbancesOf(
  settings: DisturbanceSettings,
  world: { readonly steps: number; readonly leadMinutes: number; readonly stepMinutes: number },
): Disturbances | undefined {
  const { leadSigma, failedUpdateShare, metricDelaySteps, lostSampleShare } = settings;
  if (leadSigma === 0 && failedUpdateShare === 0 && metricDelaySteps === 0 && lostSampleShare === 0)
    return undefined;
  const { steps, leadMinutes, stepMinutes } = world;
  // A stream of its own for each: failing updates or not, lead times stay the same.
  const stream = (kind: number) => seededRandom(Math.imul(settings.seed, 4) + kind);
  const leadAt = stream(0);
  const leadSteps = Int32Array.from({ length: steps }, () => {
    const minutes = leadMinutes * Math.exp(leadSigma * normalScore(leadAt()));
    return Math.ceil(minutes / stepMinutes - 1e-9);
  });
  return {
    settings,
    leadSteps,
    longestLeadSteps: leadSteps.reduce((most, lead) => Math.max(most, lead), 0),
    updateFails: drawn(stream(1), failedUpdateShare, steps),
    sampleLost: drawn(stream(2), lostSampleShare, steps),
  };
}

function drawn(random: () => number, share: number, steps: number): Uint8Array {
  return Uint8Array.from({ length: steps }, () => (random() < share ? 1 : 0));
}

/** Demand as metrics show it: lost samples are gaps. */
export function observedDemand(
  demandRps: Float64Array,
  disturbances: Disturbances | undefined,
): Float64Array {
  if (disturbances === undefined) return demandRps;
  const { sampleLost } = disturbances;
  return demandRps.map((value, step) => (sampleLost[step] === 1 ? Number.NaN : value));
}
