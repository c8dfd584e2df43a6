import { endMs } from "../../model/series.ts";
import { BINS, type EventSpan, FIRST_AFTER, FIRST_INSIDE, forEachBin } from "./event-bins.ts";
import { type UsualLevel, usualIn } from "./usual-level.ts";

/** What one occurrence of an event did: demand seen and demand usual there, per bin of the event's own time. */
export interface Occurrence {
  readonly id: string;
  readonly kind: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Its end, tail included, was seen. */
  readonly isOver: boolean;
  readonly observed: readonly number[];
  readonly usual: readonly number[];
  /** Steps seen, per bin. */
  readonly steps: readonly number[];
}

/** A step of which less than this lies in the event tells too little of it. */
const LEAST_SHARE = 0.2;

/**
 * Measures `span` on the history; undefined where no step of the event itself was seen. `others` is the log
 * factor of overlapping events per step of the history: it belongs to them.
 */
export function measureOccurrence(
  span: EventSpan,
  usual: UsualLevel,
  others: (step: number) => number,
): Occurrence | undefined {
  const { startMs, stepMs, values } = usual.series;
  const from = Math.max(0, Math.floor((span.fromMs - startMs) / stepMs));
  const to = Math.min(values.length, Math.ceil((span.toMs - startMs) / stepMs));
  const level = usualIn(usual, from, to);
  const sums = { observed: new Array<number>(BINS).fill(0), usual: new Array<number>(BINS).fill(0) };
  const steps = new Array<number>(BINS).fill(0);
  for (let i = from; i < to; i++) {
    const expected = (level[i - from] ?? 0) * Math.exp(others(i));
    const value = values[i] ?? Number.NaN;
    if (!Number.isNaN(value) && expected > 0) addStep(span, usual, i, value, expected, { ...sums, steps });
  }
  const { id, kind, startMs: begins, endMs: ends } = span.event;
  if (!steps.slice(FIRST_INSIDE, FIRST_AFTER).some((count) => count > 0)) return undefined;
  const isOver = span.toMs <= endMs(usual.series);
  return { id, kind, startMs: begins, endMs: ends, isOver, ...sums, steps };
}

/**
 * Adds a step to its bins. A step that is only partly in the event gives the event what exceeds the usual
 * demand of the rest.
 */
function addStep(
  span: EventSpan,
  usual: UsualLevel,
  step: number,
  value: number,
  expected: number,
  sums: { readonly observed: number[]; readonly usual: number[]; readonly steps: number[] },
): void {
  const { startMs, stepMs } = usual.series;
  const fromMs = startMs + step * stepMs;
  const { event } = span;
  const share = (Math.min(event.endMs, fromMs + stepMs) - Math.max(event.startMs, fromMs)) / stepMs;
  const isMixed = share > 1e-9 && share < 1 - 1e-9;
  if (isMixed && share < LEAST_SHARE) return;
  const own = isMixed ? Math.max(0, value - expected * (1 - share)) / share : value;
  forEachBin(span, fromMs, fromMs + stepMs, (bin, part) => {
    const isInside = bin >= FIRST_INSIDE && bin < FIRST_AFTER;
    if (isMixed && !isInside) return;
    sums.observed[bin] = (sums.observed[bin] ?? 0) + own * part;
    sums.usual[bin] = (sums.usual[bin] ?? 0) + expected * part;
    sums.steps[bin] = (sums.steps[bin] ?? 0) + part;
  });
}

/** Log ratio and steps of bins `[from, to)` of an occurrence; no steps: 0. */
export function binRatio(
  occurrence: Occurrence,
  from: number,
  to: number,
): { readonly log: number; readonly steps: number } {
  let observed = 0;
  let usual = 0;
  let steps = 0;
  for (let bin = from; bin < to; bin++) {
    observed += occurrence.observed[bin] ?? 0;
    usual += occurrence.usual[bin] ?? 0;
    steps += occurrence.steps[bin] ?? 0;
  }
  if (!(usual > 0)) return { log: 0, steps: 0 };
  return { log: Math.log(Math.max(observed, 0.01 * usual) / usual), steps };
}
