import { MINUTE_MS } from "../../model/time.ts";
import { type LogSeries, nearSteps } from "./log-series.ts";

/** Features of one (origin, steps ahead): logarithms relative to the level now, pulled in to ±CLIP; the last is 1. */
export interface LogFeatures {
  readonly size: number;
  write(room: Float64Array, origin: number, step: number, at?: number): void;
}

/** A factor of 4.5 up or down: what is further off says no more. */
export const CLIP = 1.5;

const MEANS_MS = [3, 4, 10, 20, 45, 90, 240].map((minutes) => minutes * MINUTE_MS);

/**
 * What the next hours follow from: the last values and their means over minutes to hours, how the day's and the
 * week's profile go on from here, how far demand stands from them, and what happens at fixed minutes.
 */
export function logFeatures(series: LogSeries): LogFeatures {
  const { stepMs } = series;
  const lags = stepMs < 5 * MINUTE_MS ? 5 : 3;
  const windows = MEANS_MS.map((ms) => Math.round(ms / stepMs)).filter((steps) => steps >= 2);
  const quarter = Math.max(1, Math.round((15 * MINUTE_MS) / stepMs));
  const trailing = (of: (i: number) => number) => series.keep((i) => meanOf(of, i, quarter));
  const dayNow = trailing(series.day);
  const weekNow = trailing(series.week);
  const yesterdayNow = trailing(series.yesterday);
  return {
    size: lags + windows.length + 9,
    write: (room, origin, step, at = 0) => {
      const base = series.base(origin);
      const target = dayKnown(series, origin, step);
      let f = at;
      const put = (value: number): void => {
        room[f++] = Number.isNaN(value) ? 0 : Math.min(CLIP, Math.max(-CLIP, value));
      };
      for (let lag = 0; lag < lags; lag++) put(series.value(origin - lag) - base);
      for (const steps of windows) put(series.mean(origin, steps) - base);
      put(series.day(target) - dayNow(origin));
      put(series.week(origin + step) - weekNow(origin));
      put(series.yesterday(target) - yesterdayNow(origin));
      put(dayNow(origin) - base);
      put(weekNow(origin) - base);
      put(series.hourRough(hourKnown(series, origin, step)));
      put(series.dayRough(target));
      put(series.yesterdayRough(target));
      room[f] = 1;
    },
  };
}

function meanOf(of: (i: number) => number, to: number, steps: number): number {
  let sum = 0;
  let count = 0;
  for (let i = to - steps + 1; i <= to; i++) {
    const value = of(i);
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? Number.NaN : sum / count;
}

/** The target, or the same time a day before where yesterday's neighbours were not all known at the origin. */
function dayKnown({ daySteps, stepMs }: LogSeries, origin: number, step: number): number {
  return step > daySteps - nearSteps(stepMs) - 1 ? origin + step - daySteps : origin + step;
}

/** The target, as many hours earlier as it takes for the hour before that to be known at the origin. */
function hourKnown({ stepMs }: LogSeries, origin: number, step: number): number {
  const hourSteps = Math.max(1, Math.round((60 * MINUTE_MS) / stepMs));
  const hours = Math.max(0, Math.ceil((step + nearSteps(stepMs) - hourSteps) / hourSteps));
  return origin + step - hours * hourSteps;
}
