import type { EnsembleInput } from "../../../src/forecast/ensemble/ensemble.ts";
import { MEMBERS } from "../../../src/forecast/registry.ts";
import type { ScheduledEvent } from "../../../src/model/known-ahead.ts";
import { type DemandSeries, sliceSeries } from "../../../src/model/series.ts";
import { DAY_MS, epochMs, HOUR_MS } from "../../../src/model/time.ts";
import { randomStream, START_MS, STEP_MS, seriesOf } from "../fixtures.ts";

export interface Campaign {
  readonly kind?: string;
  /** Days after the start of the series. */
  readonly day: number;
  readonly hour: number;
  readonly hours?: number;
  /** What it does. */
  readonly factor: number | ((share: number) => number);
  /** What its planner says. */
  readonly lift?: number;
}

/** Daily and weekly wave around 200 requests/s, with noise that wanders and events that multiply. */
export function madeDemand(
  days: number,
  campaigns: readonly Campaign[],
  { seed = 1, noise = 0.06, isAdditive = false } = {},
): DemandSeries {
  const normal = normalStream(seed);
  const steps = (days * DAY_MS) / STEP_MS;
  let wander = 0;
  const values = Array.from({ length: steps }, (_, i) => {
    const atMs = i * STEP_MS;
    wander = 0.97 * wander + Math.sqrt(1 - 0.97 ** 2) * normal();
    const error = noise * (0.6 * wander + 0.8 * normal());
    const usual = usualDemand(atMs);
    const lifted = usual * campaigns.reduce((product, one) => product * factorAt(one, atMs), 1);
    return Math.max(0, isAdditive ? lifted + 200 * error : lifted * (1 + error));
  });
  return seriesOf(values);
}

/** Without noise and events, at ms after the start: a trough at midnight, weekends a third lower. */
export function usualDemand(atMs: number): number {
  const weekend = Math.floor(atMs / DAY_MS) % 7 >= 5 ? 0.7 : 1;
  return 200 * (1 - 0.6 * Math.cos((2 * Math.PI * atMs) / DAY_MS)) * weekend;
}

export function eventsOf(
  campaigns: readonly Campaign[],
  announcedBeforeMs: number = DAY_MS,
): ScheduledEvent[] {
  return campaigns.map(({ kind = "sale", day, hour, hours = 1, lift }, i) => {
    const startMs = START_MS + day * DAY_MS + hour * HOUR_MS;
    const endMs = epochMs(startMs + hours * HOUR_MS);
    const announcedMs = epochMs(startMs - announcedBeforeMs);
    return { id: `${kind}-${i}`, kind, startMs: epochMs(startMs), endMs, lift, announcedMs };
  });
}

/** What the ensemble needs to forecast the history before `cutoffMs`. */
export function inputAt(
  series: DemandSeries,
  cutoffMs: number,
  members: readonly string[],
  horizonSteps = 288,
): EnsembleInput {
  return {
    series: sliceSeries(series, series.startMs, cutoffMs),
    timeZone: "UTC",
    horizonSteps,
    horizonsMs: [HOUR_MS],
    members: MEMBERS.filter((member) => members.includes(member.name)),
    trainMs: 28 * DAY_MS,
    refitMs: DAY_MS,
    capFactor: 3,
    staggerMs: 0,
    learned: undefined,
    monotonicMs: () => 0,
  };
}

export function normalStream(seed: number): () => number {
  const random = randomStream(seed);
  return () => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6);
}

function factorAt({ day, hour, hours = 1, factor }: Campaign, atMs: number): number {
  const share = (atMs - day * DAY_MS - hour * HOUR_MS) / (hours * HOUR_MS);
  if (share < 0 || share >= 1) return 1;
  return typeof factor === "number" ? factor : factor(share);
}
