import { localClock } from "../../forecast/local-clock.ts";
import { type DemandSeries, endMs } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import type { Rhythm } from "./advice.ts";

const HOURS_A_DAY = 24;
const HOURS_A_WEEK = 168;
/** Days and weeks from which "the same hour of others" says something. */
const LEAST_DAYS = 3;
const LEAST_WEEKS = 3;
/** A rhythm weaker than this has no quiet hour. */
const CLEAR_RHYTHM = 0.3;

/**
 * How far demand repeats itself. Hourly means are divided by the mean of their own day (week), so that slow growth
 * does not count against it; each is compared with the mean of the same hour on all *other* days (weeks):
 * strength = 1 - sum (y - that)^2 / sum (y - mean)^2, not below 0. With the hour itself left out, noise without
 * rhythm comes out at 0, however short the history. Hours follow the local clock.
 */
export function rhythmOf(series: DemandSeries, timeZone: string): Rhythm {
  const hours = hourlyMeans(series, timeZone);
  const days = series.values.length * (series.stepMs / DAY_MS);
  const daily = days < LEAST_DAYS ? Number.NaN : repeated(levelled(hours, HOURS_A_DAY), HOURS_A_DAY);
  const profile = profileOf(hours);
  return {
    daily,
    weekly: days < LEAST_WEEKS * 7 ? Number.NaN : weeklyStrength(levelled(hours, HOURS_A_WEEK)),
    profile,
    quietHour: daily > CLEAR_RHYTHM ? quietHour(profile) : undefined,
  };
}

function weeklyStrength(hours: readonly Hour[]): number {
  return Math.max(0, repeated(hours, HOURS_A_WEEK) - repeated(hours, HOURS_A_DAY));
}

interface Hour {
  /** Hours since 1970 on the local clock. */
  readonly at: number;
  /** Mean demand in it, or a share of such. */
  readonly mean: number;
}

function hourlyMeans(series: DemandSeries, timeZone: string): readonly Hour[] {
  const clock = localClock(timeZone, series.startMs, endMs(series));
  const sums = new Map<number, { sum: number; count: number }>();
  series.values.forEach((value, step) => {
    if (Number.isNaN(value)) return;
    const at = Math.floor(clock.localMs(series.startMs + step * series.stepMs) / HOUR_MS);
    const known = sums.get(at);
    if (known === undefined) sums.set(at, { sum: value, count: 1 });
    else {
      known.sum += value;
      known.count += 1;
    }
  });
  return [...sums].map(([at, { sum, count }]) => ({ at, mean: sum / count }));
}

/** Each hour over the mean of its own span of `period` hours; spans of which less than half is known are left out. */
function levelled(hours: readonly Hour[], period: number): readonly Hour[] {
  const spans = Map.groupBy(hours, ({ at }) => Math.floor(at / period));
  return [...spans.values()].flatMap((span) => {
    const mean = span.reduce((sum, hour) => sum + hour.mean, 0) / span.length;
    if (span.length < period / 2 || !(mean > 0)) return [];
    return span.map((hour) => ({ at: hour.at, mean: hour.mean / mean }));
  });
}

function repeated(hours: readonly Hour[], period: number): number {
  const phases = Array.from({ length: period }, () => ({ sum: 0, count: 0 }));
  for (const { at, mean } of hours) {
    const phase = phases[at % period];
    if (phase === undefined) continue;
    phase.sum += mean;
    phase.count += 1;
  }
  const middle = hours.reduce((sum, hour) => sum + hour.mean, 0) / hours.length;
  let unexplained = 0;
  let spread = 0;
  for (const { at, mean } of hours) {
    const { sum = 0, count = 0 } = phases[at % period] ?? {};
    if (count < 2) continue;
    unexplained += (mean - (sum - mean) / (count - 1)) ** 2;
    spread += (mean - middle) ** 2;
  }
  return !(spread > 1e-12 * middle * middle * hours.length) ? 0 : Math.max(0, 1 - unexplained / spread);
}

function profileOf(hours: readonly Hour[]): readonly number[] {
  const middle = hours.reduce((sum, hour) => sum + hour.mean, 0) / hours.length;
  return Array.from({ length: HOURS_A_DAY }, (_, hour) => {
    const same = hours.filter(({ at }) => at % HOURS_A_DAY === hour);
    return same.reduce((sum, { mean }) => sum + mean, 0) / same.length / middle;
  });
}

/** Middle of the three quietest hours in a row. */
function quietHour(profile: readonly number[]): number | undefined {
  const around = profile.map(
    (_, hour) => (profile[(hour + 23) % 24] ?? 0) + (profile[hour] ?? 0) + (profile[(hour + 1) % 24] ?? 0),
  );
  if (around.some(Number.isNaN)) return undefined;
  return around.indexOf(Math.min(...around));
}
