import assert from "node:assert/strict";
import { type ServingModel, serviceTimeMs } from "../model/serving-model.ts";
import type { AmountResourceSettings, QueueResourceSettings, ResourceSettings } from "../model/settings.ts";

/** Far beyond any tier's largest size; demand that asks for more gets this, and the limits cut it. */
export const MAX_UNITS = 100_000;

/** 50.0000000001 units are 50 units. */
const ROUNDING = 1e-9;

/** Wait allowed at least, as a share of the service time, when the measured service time eats the objective. */
const LEAST_WAIT_SHARE = 0.1;

export interface UnitsNeeded {
  readonly units: number;
  /** The resource that needs the most. */
  readonly resource: string;
}

/**
 * Units that serve `demandRps`: of every resource, the largest. At least 1, at most `MAX_UNITS`, never fewer for
 * more demand.
 *
 * A queue resource is M/M/c with c = units x slots (Erlang C; Kleinrock 1975, Queueing Systems I, section 3.8): the
 * smallest number of units at which P(wait + mean service <= objective) reaches the percentile. At 20 ms service
 * time, a 100 ms p95 objective and 4 slots a unit, where requests do not slow each other down:
 *
 *     demandRps   units   utilization of slots
 *            50       1                   0.25
 *           100       1                   0.50
 *           200       2                   0.50
 *           500       3                   0.83
 *         1 000       6                   0.83
 *        10 000      51                   0.98     larger pools run hotter for the same wait
 *
 * An amount resource needs (idle + perRps x demandRps) / (perUnit x targetUtilization) units.
 */
export function unitsFor(
  demandRps: number,
  resources: readonly ResourceSettings[],
  learned: ServingModels | null,
): UnitsNeeded {
  assert(Number.isFinite(demandRps) && demandRps >= 0, `demand of ${demandRps} requests/s cannot be sized`);
  let most: UnitsNeeded = { units: 0, resource: "" };
  for (const resource of resources) {
    const units =
      resource.kind === "queue"
        ? queueUnits(demandRps, resource, learned?.[resource.name] ?? configuredServing(resource))
        : amountUnits(demandRps, resource);
    if (units > most.units) most = { units, resource: resource.name };
  }
  assert(most.units >= 1, "no resource is configured to size by");
  return most;
}

/** Probability that a request waits at all, with `servers` servers at an offered load of `load` erlangs. */
export function erlangC(servers: number, load: number): number {
  if (load <= 0) return 0;
  if (load >= servers) return 1;
  const blocking = erlangB(servers, load);
  return blocking / (1 - (load / servers) * (1 - blocking));
}

/**
 * Erlang B by the recursion 1/B(c) = 1 + c/a x 1/B(c-1), unrolled from the top: all terms are positive, and near
 * c = a they die out after some sqrt(a) of them, so a million servers cost some thousand steps.
 */
function erlangB(servers: number, load: number): number {
  let term = 1;
  let sum = 1;
  for (let busy = servers; busy >= 1 && term > sum * 1e-17; busy--) {
    term *= busy / load;
    sum += term;
    if (sum === Number.POSITIVE_INFINITY) return 0;
  }
  return 1 / sum;
}

/** Service models by the name of the queue resource they were learned for. */
export type ServingModels = Readonly<Record<string, ServingModel>>;

function configuredServing(resource: QueueResourceSettings): ServingModel {
  return { baseMs: resource.serviceTimeMs, contention: 0, coherency: 0 };
}

function queueUnits(demandRps: number, resource: QueueResourceSettings, service: ServingModel): number {
  const { slotsPerUnit, latencyObjectiveMs, latencyPercentile } = resource;
  const least = (demandRps * service.baseMs) / 1000;
  assert(Number.isFinite(least) && slotsPerUnit >= 1, `resource ${resource.name} cannot be sized`);
  if (least / slotsPerUnit >= MAX_UNITS) return MAX_UNITS;
  const tooLate = 1 - latencyPercentile;
  return smallest(Math.floor(least / slotsPerUnit) + 1, (units) => {
    const servers = units * slotsPerUnit;
    const busy = busySlots(demandRps / units, slotsPerUnit, service);
    const load = busy * units;
    const timeMs = serviceTimeMs(service, busy);
    const waits = Math.max((latencyObjectiveMs - timeMs) / timeMs, LEAST_WAIT_SHARE);
    return erlangC(servers, load) * Math.exp(-(servers - load) * waits) <= tooLate + 1e-12;
  });
}

/**
 * Requests in service in a unit that takes `rps`: the least solution of busy = rps x S(busy) (Little's law), at most
 * `slots`: slowing each other down, they may never settle below that.
 */
function busySlots(rps: number, slots: number, service: ServingModel): number {
  let busy = (rps * service.baseMs) / 1000;
  if (service.contention === 0 && service.coherency === 0) return Math.min(busy, slots);
  for (let round = 0; round < 200 && busy < slots; round++) {
    const next = (rps * serviceTimeMs(service, busy)) / 1000;
    if (next - busy <= 1e-9 * slots) return next;
    busy = next;
  }
  return slots;
}

/** The smallest number from `from` up that is `enough`: doubling steps, then halving. */
function smallest(from: number, enough: (units: number) => boolean): number {
  let low = from - 1;
  let high = from;
  for (let step = 1; high < MAX_UNITS && !enough(high); step *= 2) {
    low = high;
    high = Math.min(MAX_UNITS, high + step);
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return Math.min(high, MAX_UNITS);
}

function amountUnits(demandRps: number, resource: AmountResourceSettings): number {
  const amount = resource.idle + resource.perRps * demandRps;
  const units = Math.ceil(amount / (resource.perUnit * resource.targetUtilization) - ROUNDING);
  assert(!Number.isNaN(units), `resource ${resource.name} cannot be sized`);
  return Math.min(MAX_UNITS, Math.max(1, units));
}
