import type { DurationTotals } from "../model/totals.ts";
import { STAGE_BUCKETS_S } from "../model/totals.ts";

/** Metrics as plain values, in the form in which the client's registry gives them out and takes them in. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly aggregator: "first";
  readonly values: readonly MetricSample[];
}

export interface MetricSample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly metricName?: string;
}

export function gauge(name: string, help: string, values: readonly MetricSample[]): MetricFamily {
  return { name, help, type: "gauge", aggregator: "first", values };
}

export function counter(name: string, help: string, values: readonly MetricSample[]): MetricFamily {
  return { name, help, type: "counter", aggregator: "first", values };
}

/** A sample, or none for what is not known: an absent series says "unknown", a zero would lie. */
export function sample(
  value: number | null | undefined,
  labels: MetricSample["labels"] = {},
): readonly MetricSample[] {
  return value === null || value === undefined || Number.isNaN(value) ? [] : [{ value, labels }];
}

/**
 * Distinct values that one label may take; what is beyond them, or looks like no name of ours, is `other`.
 */
const MAX_LABEL_VALUES = 40;

/** Counts by a name of our own making, such as an outcome; bounded whatever turns up in them. */
export function samplesByName(
  label: string,
  counts: Readonly<Record<string, number>>,
): readonly MetricSample[] {
  const bounded = new Map<string, number>();
  for (const [name, count] of Object.entries(counts)) {
    const known = /^[a-z][a-z-]{0,39}$/.test(name) && (bounded.has(name) || bounded.size < MAX_LABEL_VALUES);
    const key = known ? name : "other";
    bounded.set(key, (bounded.get(key) ?? 0) + count);
  }
  return [...bounded].map(([name, value]) => ({ value, labels: { [label]: name } }));
}

export function histogram(
  name: string,
  help: string,
  label: string,
  totals: Readonly<Record<string, DurationTotals>>,
): MetricFamily {
  const values = Object.entries(totals).flatMap(([key, { buckets, count, sumSeconds }]) => {
    const labels = { [label]: key };
    const metricName = `${name}_bucket`;
    return [
      ...STAGE_BUCKETS_S.map((bound, i) => ({
        metricName,
        labels: { le: String(bound), ...labels },
        value: buckets[i] ?? 0,
      })),
      { metricName, labels: { le: "+Inf", ...labels }, value: count },
      { metricName: `${name}_sum`, labels, value: sumSeconds },
      { metricName: `${name}_count`, labels, value: count },
    ];
  });
  return { name, help, type: "histogram", aggregator: "first", values };
}
