import type { StepRun } from "./step-parts.ts";

export type RangeAnswer =
  | {
      readonly kind: "series";
      /** By label set, as text: a value for each step of the run, NaN for a gap. */
      readonly parts: ReadonlyMap<string, Float64Array>;
      /** Samples that no demand can be: below zero. They are gaps. */
      readonly negative: number;
    }
  /** Half a line: what is wrong. */
  | { readonly kind: "malformed"; readonly what: string };

/** More series in one answer are no demand: the query lacks a sum. */
const MAX_SERIES = 100;

/**
 * Reads the data of a range query for the steps of `run`. The sample at instant t belongs to the step that **ends**
 * at t. NaN, infinity and numbers below zero are gaps, as is a step without a sample.
 */
export function readRangeAnswer(
  data: unknown,
  run: StepRun,
  stepMs: number,
  mostSeries = MAX_SERIES,
): RangeAnswer {
  const { resultType, result } = groupOf(data);
  if (resultType !== "matrix" || !Array.isArray(result))
    return malformed(`gives ${shownType(resultType)} where a range of values is due`);
  if (result.length > mostSeries)
    return malformed(`gives ${result.length} series (write sum(...) around the query)`);
  const parts = new Map<string, Float64Array>();
  let negative = 0;
  for (const one of result) {
    const { metric, values, histograms } = groupOf(one);
    if (Array.isArray(histograms))
      return malformed("gives histograms, no numbers (write histogram_count(rate(...)) for requests/s)");
    const placed = placedValues(values, run, stepMs);
    if (placed === undefined)
      return malformed("gives samples that are no [time, text] on the steps asked for");
    negative += placed.negative;
    parts.set(labelText(groupOf(metric)), placed.values);
  }
  return { kind: "series", parts, negative };
}

/** `{job="shop", zone="a"}`, sorted; `{}` for none. */
function labelText(metric: Readonly<Record<string, unknown>>): string {
  const { __name__: name, ...labels } = metric;
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(String(value))}`);
  return `${typeof name === "string" ? name : ""}{${pairs.sort().join(", ")}}`;
}

/** Undefined when a sample has the wrong type or lies on no step of the run. */
function placedValues(
  samples: unknown,
  run: StepRun,
  stepMs: number,
): { readonly values: Float64Array; readonly negative: number } | undefined {
  if (!Array.isArray(samples)) return undefined;
  const values = new Float64Array(run.end - run.first).fill(Number.NaN);
  let negative = 0;
  for (const sample of samples) {
    const [at, text]: readonly unknown[] = Array.isArray(sample) ? sample : [];
    const index = stepEndingAt(at, stepMs) - run.first;
    const value = numberIn(text);
    if (value === undefined || !(index >= 0 && index < values.length)) return undefined;
    if (value < 0) negative++;
    else if (value < Number.POSITIVE_INFINITY) values[index] = value;
  }
  return { values, negative };
}

/** NaN when no step ends at that second, to the millisecond. */
function stepEndingAt(at: unknown, stepMs: number): number {
  if (typeof at !== "number") return Number.NaN;
  const atMs = at * 1000;
  const end = Math.round(atMs / stepMs);
  return Math.abs(atMs - end * stepMs) > 1 ? Number.NaN : end - 1;
}

/** Undefined when it is no number as Go writes it. */
function numberIn(text: unknown): number | undefined {
  if (typeof text !== "string" || text.trim() === "") return undefined;
  const value = Number(text);
  return Number.isNaN(value) && !NOT_A_NUMBER.test(text) ? undefined : value;
}

/** Go writes infinity as `+Inf`, which is no number to JavaScript. */
const NOT_A_NUMBER = /^(?:NaN|[+-]?Inf)$/;

function malformed(what: string): RangeAnswer {
  return { kind: "malformed", what };
}

function shownType(resultType: unknown): string {
  return typeof resultType === "string" ? resultType.slice(0, 40) : "no result";
}

function groupOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
