import { normalScore } from "../../src/model/interpolate-quantile.ts";
import type { DemandSeries } from "../../src/model/series.ts";
import { MINUTE_MS } from "../../src/model/time.ts";
import { seededRandom } from "../../src/simulate/seeded-random.ts";

/** A trace changed so that what was learned of it misleads. */
export interface Variant {
  readonly name: string;
  /** In words, for the table. */
  readonly what: string;
  readonly series: DemandSeries;
}

/** A trace with what its variants are made from. */
interface Trace {
  readonly values: Float64Array;
  /** Gaps filled by straight lines, the ends held. */
  readonly filled: Float64Array;
  readonly perHour: number;
  readonly perDay: number;
  /** End of the training part. */
  readonly split: number;
  readonly random: () => number;
}

const TRAINING_SHARE = 0.6;

/**
 * Variants of a trace in which forecasting should not pay: none may cost much against the reactive rule. The same
 * seed gives the same ones. Training is the first 60 %.
 */
export function regretVariants(series: DemandSeries, seed: number): readonly Variant[] {
  const stepMinutes = series.stepMs / MINUTE_MS;
  const trace: Trace = {
    values: series.values,
    filled: filledLine(series.values),
    perHour: Math.max(1, Math.round(60 / stepMinutes)),
    perDay: Math.round(1440 / stepMinutes),
    split: Math.floor(series.values.length * TRAINING_SHARE),
    random: seededRandom(seed),
  };
  const made = (name: string, what: string, values: Float64Array): Variant => {
    return { name, what, series: { ...series, values } };
  };
  return [
    made("clean", "as it is", series.values),
    made("random-walk", "mean-reverting random walk with the trace's own hourly moves", randomWalk(trace)),
    made("shuffled-3h", "blocks of 3 h in random order", shuffled(trace, 3 * trace.perHour)),
    made("shuffled-days", "days in random order", shuffled(trace, trace.perDay)),
    made(
      "outage-gap",
      "36 h of gap before the last training day, 3 h of it in the scored part",
      outageGap(trace),
    ),
    made("outage-zeros", "4 h of zeros at the daily peak of the last 4 training days", outageZeros(trace)),
    made("step-x3", "three times the demand from 30 % of the scored part on", stepUp(trace)),
    made("flash-crowds", "five times the demand within 10 min, four times", flashCrowds(trace, stepMinutes)),
    made("dst-shift", "all an hour earlier from a quarter of the scored part on", hourEarlier(trace)),
  ];
}

/** Reverts to its mean with 0.9997 a minute, so that it walks for days and comes back. */
const KEPT_PER_MINUTE = 0.9997;

function randomWalk({ filled, perHour, random }: Trace): Float64Array {
  const stepMinutes = 60 / perHour;
  const least = quantile(filled, 0.01);
  const logs = filled.map((value) => Math.log(Math.max(value, least) + 1e-9));
  const hourly = Array.from({ length: Math.floor(logs.length / perHour) }, (_, hour) =>
    mean(logs.subarray(hour * perHour, (hour + 1) * perHour)),
  );
  const move = deviation(differences(hourly)) / Math.sqrt(perHour);
  const jitter = (deviation(differences([...logs])) / Math.SQRT2) * 0.7;
  const middle = quantile(filled, 0.5);
  let at = 0;
  return filled.map(() => {
    at = KEPT_PER_MINUTE ** stepMinutes * at + move * normalScore(random());
    return middle * Math.exp(at) * Math.exp(jitter * normalScore(random()));
  });
}

function shuffled({ filled, random }: Trace, blockSteps: number): Float64Array {
  const blocks = Math.floor(filled.length / blockSteps);
  const order = Array.from({ length: blocks }, (_, i) => i);
  for (let i = blocks - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  const values = filled.slice();
  order.forEach((from, to) => {
    values.set(filled.subarray(from * blockSteps, (from + 1) * blockSteps), to * blockSteps);
  });
  return values;
}

function outageGap({ values, split, perDay, perHour }: Trace): Float64Array {
  const scored = values.length - split;
  const later = split + Math.floor(scored / 2);
  const out = values.slice().fill(Number.NaN, Math.max(0, split - Math.floor(2.5 * perDay)), split - perDay);
  return out.fill(Number.NaN, later, later + 3 * perHour);
}

function outageZeros({ values, filled, split, perDay, perHour }: Trace): Float64Array {
  const days = Math.floor(split / perDay);
  const peak = peakOfDay(filled, days, perDay, 2 * perHour);
  const out = values.slice();
  for (let back = 1; back <= Math.min(4, days); back++) {
    const centre = (days - back) * perDay + peak;
    out.fill(0, Math.max(0, centre - 2 * perHour), centre + 2 * perHour);
  }
  return out;
}

/** Step of the day about which `width` steps are highest on average. */
function peakOfDay(filled: Float64Array, days: number, perDay: number, width: number): number {
  const profile = Array.from({ length: perDay }, (_, step) => {
    let sum = 0;
    for (let day = 0; day < days; day++) sum += filled[day * perDay + step] ?? 0;
    return sum;
  });
  let [peak, most] = [0, Number.NEGATIVE_INFINITY];
  for (let centre = 0; centre < perDay; centre++) {
    const from = Math.max(0, centre - Math.floor(width / 2));
    const sum = profile.slice(from, centre + Math.ceil(width / 2)).reduce((a, b) => a + b, 0);
    if (sum > most) [peak, most] = [centre, sum];
  }
  return peak;
}

function stepUp({ values, split }: Trace): Float64Array {
  const from = split + Math.floor(0.3 * (values.length - split));
  return values.map((value, step) => (step < from ? value : 3 * value));
}

const CROWDS_AT = [0.12, 0.33, 0.58, 0.81];

function flashCrowds({ values, split, perDay, random }: Trace, stepMinutes: number): Float64Array {
  const shape = crowdShape(stepMinutes);
  const out = values.slice();
  for (const share of CROWDS_AT) {
    const from = split + Math.floor(share * (values.length - split)) + Math.floor((random() * perDay) / 4);
    shape.forEach((height, i) => {
      const value = out[from + i];
      if (value !== undefined) out[from + i] = value * (1 + 4 * height);
    });
  }
  return out;
}

/** Up within 10 min, there for 30, gone in 2 h. */
function crowdShape(stepMinutes: number): readonly number[] {
  const steps = (minutes: number): number => Math.floor(minutes / stepMinutes);
  const up = Math.max(1, steps(10));
  const down = steps(120);
  return [
    ...Array.from({ length: up }, (_, i) => (i + 1) / up),
    ...Array.from({ length: steps(30) }, () => 1),
    ...Array.from({ length: down }, (_, i) => Math.exp(-i / (down / 4))),
  ];
}

function hourEarlier({ values, split, perHour }: Trace): Float64Array {
  const from = split + Math.floor(0.25 * (values.length - split));
  return Float64Array.from([...values.subarray(0, from), ...values.subarray(from + perHour)]);
}

function filledLine(values: Float64Array): Float64Array {
  const filled = values.slice();
  let last = -1;
  for (let i = 0; i < filled.length; i++) {
    const to = filled[i] ?? Number.NaN;
    if (Number.isNaN(to)) continue;
    const from = last < 0 ? to : (filled[last] ?? to);
    for (let k = last + 1; k < i; k++) filled[k] = from + ((to - from) * (k - last)) / (i - last);
    last = i;
  }
  if (last >= 0) filled.fill(filled[last] ?? 0, last + 1);
  return filled;
}

function differences(list: readonly number[]): readonly number[] {
  return list.slice(1).map((value, i) => value - (list[i] ?? 0));
}

function mean(list: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < list.length; i++) sum += list[i] ?? 0;
  return sum / list.length;
}

function deviation(list: readonly number[]): number {
  const middle = mean(list);
  return Math.sqrt(mean(list.map((value) => (value - middle) ** 2)));
}

function quantile(values: Float64Array, share: number): number {
  const sorted = values.slice().sort();
  const rank = (sorted.length - 1) * share;
  const low = sorted[Math.floor(rank)] ?? 0;
  return low + ((sorted[Math.ceil(rank)] ?? low) - low) * (rank - Math.floor(rank));
}
