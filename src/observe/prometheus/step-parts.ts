import { DAY_MS } from "../../model/time.ts";

/**
 * What is known of a query on a window of the step grid. Steps are numbered from the epoch: step k covers
 * `[k * stepMs, (k + 1) * stepMs)`, and the value at its end stands for it.
 */
export interface StepParts {
  readonly stepMs: number;
  readonly firstStep: number;
  readonly count: number;
  /** 1: the server has answered for this step, if only that it has nothing. */
  readonly asked: Uint8Array;
  /** A value per step for each series of the answers; NaN: a gap. Keys are label sets as text. */
  readonly parts: ReadonlyMap<string, Float64Array>;
}

/** Steps `[first, end)` by number. */
export interface StepRun {
  readonly first: number;
  readonly end: number;
}

export function noParts(stepMs: number): StepParts {
  return { stepMs, firstStep: 0, count: 0, asked: new Uint8Array(0), parts: new Map() };
}

/** The same knowledge on another window; series without a value in it are forgotten. */
export function movedTo(known: StepParts, firstStep: number, count: number): StepParts {
  const shift = firstStep - known.firstStep;
  const asked = new Uint8Array(count);
  for (let i = 0; i < count; i++) asked[i] = known.asked[i + shift] ?? 0;
  const parts = new Map<string, Float64Array>();
  for (const [key, values] of known.parts) {
    const moved = new Float64Array(count);
    for (let i = 0; i < count; i++) moved[i] = values[i + shift] ?? Number.NaN;
    if (moved.some((value) => !Number.isNaN(value))) parts.set(key, moved);
  }
  return { stepMs: known.stepMs, firstStep, count, asked, parts };
}

/**
 * Takes an answer for the steps of `run` in. A value replaces what was known; a gap does not: one server of several
 * may lack what another had.
 */
export function withAnswer(
  known: StepParts,
  run: StepRun,
  answer: ReadonlyMap<string, Float64Array>,
): StepParts {
  const offset = run.first - known.firstStep;
  const asked = known.asked.slice().fill(1, offset, run.end - known.firstStep);
  const parts = new Map(known.parts);
  for (const [key, values] of answer) {
    const joined = parts.get(key)?.slice() ?? new Float64Array(known.count).fill(Number.NaN);
    values.forEach((value, i) => {
      if (!Number.isNaN(value)) joined[offset + i] = value;
    });
    parts.set(key, joined);
  }
  return { ...known, asked, parts };
}

/** Runs of steps to ask for, newest first: those never answered for, and the newest `again` steps. */
export function runsToAsk({ firstStep, count, asked }: StepParts, again: number): readonly StepRun[] {
  const runs: StepRun[] = [];
  let end = count;
  const isDue = (i: number): boolean => i >= count - again || asked[i] === 0;
  while (end > 0) {
    if (!isDue(end - 1)) {
      end--;
      continue;
    }
    let first = end - 1;
    while (first > 0 && isDue(first - 1)) first--;
    runs.push({ first: firstStep + first, end: firstStep + end });
    end = first;
  }
  return runs;
}

/** A series that sends nothing for so long is taken to be gone, not missing. */
export const PART_GONE_MS = DAY_MS;

/**
 * One value per step: the sum of the series, a gap where one of them is missing.
 *
 * A series counts from its first value on; before, it was not there. After its last value it is missing for a day:
 * only then is it taken to be gone, since its last value, so that a lost region is no drop in demand.
 */
export function summed({ count, stepMs, parts }: StepParts): Float64Array {
  const sums = new Float64Array(count);
  const covered = new Uint8Array(count);
  for (const values of parts.values()) {
    const first = values.findIndex((value) => !Number.isNaN(value));
    if (first < 0) continue;
    const last = values.findLastIndex((value) => !Number.isNaN(value));
    const isGone = (count - 1 - last) * stepMs > PART_GONE_MS;
    for (let i = first; i <= (isGone ? last : count - 1); i++) {
      sums[i] = (sums[i] ?? 0) + (values[i] ?? Number.NaN);
      covered[i] = 1;
    }
  }
  return sums.map((sum, i) => (covered[i] === 1 ? sum : Number.NaN));
}
