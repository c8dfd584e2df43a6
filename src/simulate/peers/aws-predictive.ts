import { HOUR_MS, MINUTE_MS } from "../../model/time.ts";
import type { TraceWorld } from "../world.ts";

const BACK_DAYS = 14;
const REFRESH_HOURS = 6;
const JUDGED_HOURS = 72;
/** Capacity is raised this long before the hour, beyond the lead time. */
const AHEAD_MINUTES = 5;
const OTHER_DAY = 0.02;

type Matrix = readonly Float64Array[];

/**
 * Mean load of the clock hour that AWS predictive scaling would provide for at each step, requests/s, NaN
 * where there is none: an hourly forecast of the last 14 days, refreshed every 6 h, capacity raised 5 min
 * and a lead time before the hour. Scale-out only: target tracking runs beside it and the larger wins.
 * Source: Amazon EC2 Auto Scaling User Guide, "Predictive scaling": hourly, 14 days of history, updated
 * every 6 hours. AWS publishes no model: of six seasonal rules (same hour of the last 14 days by recency,
 * by day type, by weekday, each with or without the level of the last 24 h) the best over the last 72 h is
 * taken anew at each refresh.
 */
export function awsForecast(world: TraceWorld): Float64Array {
  const { startMs, stepMs } = world.series;
  const steps = world.demandRps.length;
  const firstHour = Math.floor(startMs / HOUR_MS);
  const lastHour = Math.floor((startMs + (steps - 1) * stepMs) / HOUR_MS);
  const count = lastHour - firstHour + 4;
  const mean = hourlyMeans(world, firstHour, count);
  const rules = seasonalRules(mean, firstHour);
  const levels = ruleLevels(mean, rules);
  const forecast = new Float64Array(count).fill(Number.NaN);
  for (let now = 24; now < count; now++) {
    if ((now + firstHour) % REFRESH_HOURS !== 0) continue;
    const best = bestRule(mean, rules, levels, now);
    for (let hour = now; hour < Math.min(now + REFRESH_HOURS + 2, count); hour++) {
      forecast[hour] = at(rules, best.rule, hour) * (best.isLevelled ? levelAt(levels, best.rule, now) : 1);
    }
  }
  const aheadMs = (world.leadMinutes + AHEAD_MINUTES) * MINUTE_MS;
  return Float64Array.from({ length: steps }, (_, step) => {
    const atMs = startMs + step * stepMs;
    const next = Math.min(count - 1, Math.floor((atMs + aheadMs) / HOUR_MS) - firstHour);
    return larger(forecast[Math.floor(atMs / HOUR_MS) - firstHour], forecast[next]);
  });
}

function larger(a = Number.NaN, b = Number.NaN): number {
  if (Number.isNaN(a)) return b;
  return Number.isNaN(b) ? a : Math.max(a, b);
}

function hourlyMeans({ series }: TraceWorld, firstHour: number, count: number): Float64Array {
  const sums = new Float64Array(count);
  const samples = new Float64Array(count);
  series.values.forEach((value, step) => {
    if (Number.isNaN(value)) return;
    const hour = Math.floor((series.startMs + step * series.stepMs) / HOUR_MS) - firstHour;
    sums[hour] = (sums[hour] ?? 0) + value;
    samples[hour] = (samples[hour] ?? 0) + 1;
  });
  return sums.map((sum, hour) => (samples[hour] ? sum / (samples[hour] ?? 1) : Number.NaN));
}

/** Three rules by hour, each from data at least 24 h older: by recency, by day type, by weekday. */
function seasonalRules(mean: Float64Array, firstHour: number): Matrix {
  const isWeekend = (hour: number): boolean => {
    // Day 0 of the epoch was a Thursday.
    const day = (Math.floor((hour + firstHour) / 24) + 4) % 7;
    return day === 0 || day === 6;
  };
  const weightings = [
    () => 1,
    (hour: number, back: number) => (isWeekend(hour - 24 * back) === isWeekend(hour) ? 1 : OTHER_DAY),
    (_: number, back: number) => (back % 7 === 0 ? 1 : OTHER_DAY),
  ];
  return weightings.map((weightOf) =>
    mean.map((_, hour) => {
      let sum = 0;
      let weights = 0;
      for (let back = 1; back <= BACK_DAYS && hour - 24 * back >= 0; back++) {
        const value = mean[hour - 24 * back] ?? Number.NaN;
        if (Number.isNaN(value)) continue;
        const weight = weightOf(hour, back) / Math.sqrt(back);
        sum += value * weight;
        weights += weight;
      }
      return weights > 0 ? sum / weights : Number.NaN;
    }),
  );
}

/** Level known at each hour: the last 24 h against what the rule said of them. */
function ruleLevels(mean: Float64Array, rules: Matrix): Matrix {
  const levels = rules.map(() => new Float64Array(mean.length).fill(Number.NaN));
  for (let hour = 48; hour < mean.length; hour++) {
    let seen = 0;
    let known = 0;
    const said = rules.map(() => 0);
    for (let h = hour - 24; h < hour; h++) {
      const value = mean[h] ?? Number.NaN;
      if (Number.isNaN(value) || rules.some((_, rule) => Number.isNaN(at(rules, rule, h)))) continue;
      known += 1;
      seen += value;
      rules.forEach((_, rule) => {
        said[rule] = (said[rule] ?? 0) + at(rules, rule, h);
      });
    }
    if (known === 0) continue;
    levels.forEach((row, rule) => {
      row[hour] = Math.min(2, Math.max(0.5, seen / Math.max(said[rule] ?? 0, 1e-12)));
    });
  }
  return levels;
}

interface Choice {
  readonly rule: number;
  readonly isLevelled: boolean;
}

function bestRule(mean: Float64Array, rules: Matrix, levels: Matrix, now: number): Choice {
  let best: Choice = { rule: 0, isLevelled: false };
  let least = Number.POSITIVE_INFINITY;
  for (let rule = 0; rule < rules.length; rule++) {
    for (const isLevelled of [false, true]) {
      const error = meanError(mean, now, (hour) => {
        return at(rules, rule, hour) * (isLevelled ? levelAt(levels, rule, Math.max(hour - 6, 0)) : 1);
      });
      if (error < least) [least, best] = [error, { rule, isLevelled }];
    }
  }
  return best;
}

function meanError(mean: Float64Array, now: number, said: (hour: number) => number): number {
  let sum = 0;
  let count = 0;
  for (let hour = Math.max(48, now - JUDGED_HOURS); hour < now; hour++) {
    const error = Math.abs(said(hour) - (mean[hour] ?? Number.NaN));
    if (Number.isNaN(error)) continue;
    sum += error;
    count += 1;
  }
  return count === 0 ? Number.POSITIVE_INFINITY : sum / count;
}

function at(matrix: Matrix, row: number, column: number): number {
  return matrix[row]?.[column] ?? Number.NaN;
}

function levelAt(levels: Matrix, rule: number, hour: number): number {
  const level = at(levels, rule, hour);
  return Number.isNaN(level) ? 1 : level;
}
