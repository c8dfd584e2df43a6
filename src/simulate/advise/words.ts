import { shortDuration } from "../../model/time.ts";
import type { Advice, Bill, LeadAdvice, Verdict } from "./advice.ts";

/** What each verdict tells people to do. */
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  predictive: "PREDICTIVE: this service is predictable. Turn the forecast on, step by step.",
  shadow: "SHADOW: promising, but not proven. Let it watch first.",
  "stay-reactive": "STAY REACTIVE: a forecast would not help this service.",
};

export const WAY_WORDS: Readonly<Record<Bill["way"], string>> = {
  "tiercast-equal-hours": "tiercast, the HPA's unit-hours",
  "tiercast-equal-misses": "tiercast, the HPA's misses",
  hpa: "HPA",
  fixed: "fixed size for the peak",
  oracle: "knowing the future",
};

/** Least surplus and shortage worth a sentence. */
const LEAST_GAIN = 0.005;

/** What tiercast saves or prevents against the HPA and a fixed size, a sentence each; nothing where it does neither. */
export function gains({ bills }: LeadAdvice): readonly string[] {
  const of = (way: Bill["way"]): Bill | undefined => bills.find((bill) => bill.way === way);
  const [same, lean, hpa, fixed] = [
    of("tiercast-equal-hours"),
    of("tiercast-equal-misses"),
    of("hpa"),
    of("fixed"),
  ];
  const lines: string[] = [];
  if (same !== undefined && hpa !== undefined && same.missed < hpa.missed * (1 - LEAST_GAIN)) {
    lines.push(
      `Prevents: ${count(hpa.missed - same.missed)} of ${count(hpa.missed)} requests in 30 days that find ` +
        "no unit with the HPA, for the same unit-hours.",
    );
  }
  if (lean !== undefined && hpa !== undefined)
    lines.push(...saving(lean, hpa, "the HPA, missing as much as it does"));
  if (lean !== undefined && fixed !== undefined)
    lines.push(...saving(lean, fixed, "a fixed size for the peak"));
  return lines;
}

function saving(own: Bill, other: Bill, whom: string): readonly string[] {
  const hours = other.unitHours - own.unitHours;
  if (!(hours > LEAST_GAIN * other.unitHours)) return [];
  const usd = (other.costUsd ?? Number.NaN) - (own.costUsd ?? Number.NaN);
  const money = Number.isFinite(usd) && usd > 0 ? `, $${usd.toFixed(usd < 100 ? 2 : 0)}` : "";
  const share = ((hours / other.unitHours) * 100).toFixed(0);
  return [
    `Saves: ${count(hours)} of ${count(other.unitHours)} unit-hours in 30 days (${share} %${money}) against ${whom}.`,
  ];
}

/** Whole numbers with commas. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** `28d from 2026-03-02 00:00 to 2026-03-30 00:00 UTC in steps of 1m, 2 % missing`. */
export function historyLine({ series, historyDays, gapShare }: Advice): string {
  const at = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
  const end = series.startMs + series.values.length * series.stepMs;
  const days = historyDays < 10 ? historyDays.toFixed(1) : historyDays.toFixed(0);
  return (
    `${days} days from ${at(series.startMs)} to ${at(end)} UTC in steps of ${shortDuration(series.stepMs)}, ` +
    `${(gapShare * 100).toFixed(gapShare > 0 && gapShare < 0.01 ? 1 : 0)} % missing`
  );
}

/** `units of 1.2 each ready in 5m: predictive`. */
export function leadTitle({ leadMs, verdict }: LeadAdvice): string {
  return `Units ready in ${shortDuration(leadMs)}: ${verdict}`;
}
