import type { CapacityPlan, Interval, LimitReached } from "../capacity/plan-values.ts";
import { DAY_MS } from "../model/time.ts";
import { escapeText } from "./escape-text.ts";
import { figure, percent } from "./figures.ts";
import { isoTime } from "./instants.ts";
import type { CapacitySubject } from "./plan-capacity-source.ts";
import { textTable } from "./text-table.ts";

/** The plan for people: what history says, what to set, what is reached when, and the money. */
export function capacityLines(plan: CapacityPlan, subject: CapacitySubject): readonly string[] {
  const { reach, cutoffMs, caveats } = plan;
  const name = escapeText(subject.service ?? subject.source);
  return [
    `${name}: capacity for ${daysOf(reach.horizonMs)} from ${isoTime(cutoffMs).slice(0, 16)}Z`,
    ...caveats.map((caveat) => `!  ${caveat}`),
    "",
    ...historyLines(plan),
    "",
    settingsTable(plan, subject),
    "",
    ...commitmentLines(plan),
    "",
    ...reachedLines(plan),
    ...moneyLines(plan),
  ];
}

function historyLines(plan: CapacityPlan): readonly string[] {
  const { reach, demandNowRps, demandEndRps, peakNowRps, peakRps, growthPerWeek, loadCurve, events } = plan;
  const past =
    reach.pastPeaks === 0
      ? "none to compare with"
      : `${reach.pastInside} of ${reach.pastPeaks} peaks planned from earlier cut-offs lay in their 90 % interval`;
  const growth = reach.period === "week" ? `, ${signedPercent(growthPerWeek)} a week` : "";
  return [
    `history     ${daysOf(reach.spanMs)} in ${reach.periods} whole ${reach.period}s, ` +
      `gaps ${percent(reach.gapFraction, 1)}; errors measured up to ${daysOf(reach.measuredMs)} ahead` +
      `${reach.yearly ? "; the year's rhythm is in" : ""}`,
    `past plans  ${past}`,
    `mean        ${figure(demandNowRps)} requests/s now, ${interval(demandEndRps, figure)} at the end${growth}`,
    `peak        ${figure(peakNowRps)} requests/s in the last ${reach.period}, ` +
      `${interval(peakRps, figure)} over the horizon`,
    `need        ${needText(loadCurve)}`,
    ...(events.counted > 0 ? [`events      ${events.counted} ahead are counted by their lift`] : []),
  ];
}

function needText(curve: CapacityPlan["loadCurve"]): string {
  return curve.map(({ share, units }) => `${unitsText(units.median)} for ${shareText(share)}`).join(", ");
}

function shareText(share: number): string {
  return share > 0.99 ? "all of the time" : percent(share);
}

function signedPercent(fraction: number): string {
  return `${fraction < 0 ? "-" : "+"}${percent(Math.abs(fraction), 1)}`;
}

function settingsTable(plan: CapacityPlan, { today, service }: CapacitySubject): string {
  const { limits, baseline, peakUnits } = plan;
  const { tiers } = today;
  const now = (value: number): string =>
    service !== null && Number.isFinite(value) ? value.toLocaleString("en-US") : "-";
  const rows: readonly (readonly [string, string, string, string])[] = [
    [
      "baseline (units held)",
      `${baseline.today}`,
      `${baseline.units.median}`,
      `${baseline.units.lower} to ${baseline.units.upper}: busy for at least ${percent(baseline.share)} of the time`,
    ],
    [
      "tiers.baseline.minUnits",
      now(tiers.baseline.minUnits),
      `${limits.baselineMinUnits}`,
      plan.commitment.units > 0 ? "committed units are paid for in any case" : "",
    ],
    ["tiers.baseline.maxUnits", now(tiers.baseline.maxUnits), `${limits.baselineMaxUnits}`, ""],
    ["tiers.predictive.maxUnits", now(tiers.predictive.maxUnits), `${limits.predictiveMaxUnits}`, ""],
    ["tiers.burst.maxUnits", now(tiers.burst.maxUnits), `${limits.burstMaxUnits}`, ""],
    ["limits.burstReserveUnits", now(today.limits.burstReserveUnits), `${limits.burstReserveUnits}`, ""],
    [
      "limits.maxTotalUnits",
      now(today.limits.maxTotalUnits),
      `${limits.maxTotalUnits}`,
      `the horizon's peak needs ${peakUnits.median} (${peakUnits.lower} to ${peakUnits.upper}), and the reserve`,
    ],
    [
      "limits.maxCostUsdPerHour",
      now(today.limits.maxCostUsdPerHour),
      `${limits.maxCostUsdPerHour}`,
      "all units at once",
    ],
  ];
  return textTable(
    [{ title: "setting" }, { title: "today", right: true }, { title: "plan", right: true }, { title: "why" }],
    rows,
  );
}

function commitmentLines({ commitment }: CapacityPlan): readonly string[] {
  const { units, usdPerUnitHour, termMs, fallFraction, reason } = commitment;
  const price = `$${usdPerUnitHour}/h`;
  if (units === 0) return [`commitment  none at ${price} for ${daysOf(termMs)}: ${reason}`];
  return [
    `commitment  ${unitsText(units)} at ${price} for ${daysOf(termMs)}: ${reason};`,
    `            pays unless demand falls by more than ${percent(fallFraction)} for the whole term (against on demand)`,
  ];
}

function reachedLines({ reached, reach }: CapacityPlan): readonly string[] {
  const lines = reached.flatMap((limit) => reachedLine(limit, reach.horizonMs));
  if (reached.length === 0) return [];
  if (lines.length === 0) return [`limits      none of today's is reached in ${daysOf(reach.horizonMs)}`, ""];
  return [...lines, ""];
}

function reachedLine(limit: LimitReached, horizonMs: number): readonly string[] {
  const { setting, value, already, at90Ms, at50Ms, probability } = limit;
  const name = `limits      ${setting} ${value.toLocaleString("en-US")}`;
  if (already) return [`${name} was passed in the last four periods already`];
  if (at90Ms === undefined) {
    if (probability < 0.01) return [];
    return [`${name} is passed within ${daysOf(horizonMs)} with a probability of ${percent(probability)}`];
  }
  const even = at50Ms === undefined ? "" : `, as likely as not in ${daysOf(at50Ms)}`;
  return [
    `${name} is reached in ${daysOf(at90Ms)} at the 90 % level${even} (${percent(probability)} in all)`,
  ];
}

function moneyLines({ money: costs, reach, baseline, commitment }: CapacityPlan): readonly string[] {
  const held = `${baseline.today} baseline units held`;
  const rows = [
    [
      "this plan",
      interval(costs.plan, money),
      "",
      `${commitment.units} committed, ${baseline.units.median} held`,
    ],
    ["today's settings", interval(costs.today, money), interval(costs.savedToday, money), held],
    [
      "no commitment",
      interval(costs.noCommitment, money),
      interval(costs.savedNoCommitment, money),
      "every unit while it is needed, on demand",
    ],
  ];
  return [
    textTable(
      [
        { title: `cost of ${daysOf(reach.horizonMs)}` },
        { title: "USD (90 % interval)" },
        { title: "saved by this plan" },
        { title: "" },
      ],
      rows,
    ),
  ];
}

function interval({ median, lower, upper }: Interval, show: (value: number) => string): string {
  return `${show(median)} (${show(lower)} to ${show(upper)})`;
}

/** The sign first: `-$56`. */
function money(usd: number): string {
  const size = Math.abs(usd);
  const text = size < 100 ? size.toFixed(2) : Math.round(size).toLocaleString("en-US");
  return `${usd < 0 && Number(text) !== 0 ? "-" : ""}$${text}`;
}

function unitsText(units: number): string {
  return `${units.toLocaleString("en-US")} unit${units === 1 ? "" : "s"}`;
}

function daysOf(ms: number): string {
  const days = Math.round(ms / DAY_MS);
  return `${days} day${days === 1 ? "" : "s"}`;
}
