import { type ForecastEvidence, quantileAt } from "../model/forecast.ts";
import { shortDuration } from "../model/time.ts";
import { eventLine, leadingLine } from "./ahead-lines.ts";
import { escapeText } from "./escape-text.ts";
import { figure, percent } from "./figures.ts";
import type { HorizonRow } from "./forecast-rows.ts";
import type { Subject } from "./forecast-subject.ts";
import { isoTime, localTime } from "./instants.ts";
import { textTable } from "./text-table.ts";

/** Members named in the line of evidence; the rest is counted. */
const NAMED_MEMBERS = 4;
/** Smaller weights are not worth a name. */
const LEAST_SHARE = 0.005;

/** A row per horizon: the median and two intervals, or the levels that were asked for. */
export function forecastTable(
  subject: Subject,
  rows: readonly HorizonRow[],
  levels: readonly number[] | undefined,
): string {
  const lead = [{ title: "horizon" }, { title: "step from" }];
  const coverage = { title: "coverage", right: true };
  const first = (row: HorizonRow) => [
    shortDuration(row.horizonMs),
    localTime(row.startsMs, subject.timeZone),
  ];
  if (levels !== undefined) {
    const titles = levels.map((level) => ({ title: String(level), right: true }));
    return textTable(
      [...lead, ...titles, coverage],
      rows.map((row) => {
        const values = levels.map((level) => figure(quantileAt(subject.forecast, level, row.step)));
        return [...first(row), ...values, percent(row.coverage90)];
      }),
    );
  }
  const range = (row: HorizonRow, level: number): string => {
    const found = row.intervals.find((interval) => interval.level === level);
    return found === undefined ? "?" : `${figure(found.lower)} to ${figure(found.upper)}`;
  };
  return textTable(
    [
      ...lead,
      { title: "median", right: true },
      { title: "90 % interval", right: true },
      { title: "50 % interval", right: true },
      coverage,
    ],
    rows.map((row) => [
      ...first(row),
      figure(row.medianRps),
      range(row, 0.9),
      range(row, 0.5),
      percent(row.coverage90),
    ]),
  );
}

/** Why this forecast is believed: best members, measured coverage, who is out and why. A line each. */
export function evidenceLines(
  { evidence, horizonsMs }: Subject,
  rows: readonly HorizonRow[],
): readonly string[] {
  const shown = rows[Math.min(1, rows.length - 1)];
  const lines: string[] = [];
  if (shown !== undefined) {
    const ranked = Object.entries(shown.weights)
      .filter(([, weight]) => weight >= LEAST_SHARE)
      .sort((a, b) => b[1] - a[1]);
    const named = ranked
      .slice(0, NAMED_MEMBERS)
      .map(([name, weight]) => `${escapeText(name)} ${percent(weight)}`);
    const more = ranked.length - named.length;
    lines.push(
      `weights at ${shortDuration(shown.horizonMs)}: ${named.join(", ")}${more > 0 ? `, ${more} more` : ""}`,
    );
  }
  lines.push(measured(evidence, horizonsMs));
  lines.push(...(evidence.eventEffects ?? []).map(eventLine), ...(evidence.leading ?? []).map(leadingLine));
  for (const { kind, reason } of (evidence.findings ?? []).filter((each) => each.endMs === null))
    lines.push(`now: ${kind}: ${escapeText(reason)}`);
  for (const [member, reason] of Object.entries(evidence.failures))
    lines.push(`out: ${escapeText(member)} (${escapeText(reason)})`);
  return lines;
}

/** Coverage itself stands in the table. */
function measured(evidence: ForecastEvidence, horizonsMs: readonly number[]): string {
  const count = Math.max(0, ...evidence.scoreCount.slice(0, horizonsMs.length));
  if (count < 20) return "coverage of the 90 % interval: not known before 20 past forecasts are scored";
  const ratios = horizonsMs.flatMap((horizonMs, h) => {
    const ratio = evidence.lossRatio?.[h];
    return ratio === undefined ? [] : [`${figure(ratio)} at ${shortDuration(horizonMs)}`];
  });
  const loss = ratios.length === 0 ? "" : `; loss over naive's ${ratios.join(", ")}`;
  return `coverage of the 90 % interval measured on ${count.toLocaleString("en-US")} past forecasts${loss}`;
}

/** Every member at every horizon, and what is made of the present. */
export function explanation({ evidence, horizonsMs, forecast }: Subject): string {
  const horizons = horizonsMs.map((ms) => ({ title: shortDuration(ms), right: true }));
  const members = textTable(
    [{ title: "member" }, ...horizons, { title: "out because" }],
    Object.entries(evidence.weights).map(([name, weights]) => [
      escapeText(name),
      ...horizonsMs.map((_, h) => percent(weights[h], 1)),
      escapeText(evidence.failures[name] ?? ""),
    ]),
  );
  const scores = textTable(
    [{ title: "past forecasts" }, ...horizons],
    [
      ["inside the 90 % interval", ...horizonsMs.map((_, h) => percent(evidence.coverage90[h], 1))],
      ["scored", ...horizonsMs.map((_, h) => String(evidence.scoreCount[h] ?? 0))],
    ],
  );
  const surge =
    evidence.anomalyMultiplier > 1
      ? `; near horizons are raised by ${figure(evidence.anomalyMultiplier)} because demand surges`
      : "";
  return [
    members,
    "",
    scores,
    "",
    `now is ${figure(Math.abs(evidence.anomalyScore))} standard deviations off the forecast${surge}`,
    `cutoff ${isoTime(forecast.cutoffMs)}, ${figure(evidence.fitMs)} ms spent on fits`,
  ].join("\n");
}
