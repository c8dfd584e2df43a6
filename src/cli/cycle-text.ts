import type { CycleRecord, ForecastRecord } from "../model/cycle.ts";
import { demandAt } from "../model/outlook.ts";
import { chainSentences } from "../render/chain.ts";
import { prewarmLines } from "../render/warm-lines.ts";
import { eventLine, leadingLine } from "./ahead-lines.ts";
import type { Paint } from "./colour.ts";
import { decisionLines, stepLines } from "./decision-text.ts";
import { escapeText } from "./escape-text.ts";
import { figure, percent } from "./figures.ts";
import { localTime } from "./instants.ts";
import { outcomeLine } from "./outcome-line.ts";

/** A cycle record for people, stage by stage. */
export function cycleLines(record: CycleRecord, timeZone: string, paint: Paint): readonly string[] {
  const { observation, forecast, decision, verdict } = record;
  const rps =
    observation.demandRps === null ? "demand not known" : `demand ${figure(observation.demandRps)} rps`;
  const note = observation.note === "" ? "" : `: ${escapeText(observation.note)}`;
  const known = observation.recentRps.filter((value) => value !== null).length;
  return [
    `cycle ${record.cycle}, ${localTime(record.startedMs, timeZone)}, plan generation ${record.planGeneration}`,
    "",
    heading("observe", paint),
    `  ${rps} (${observation.freshness}${note}), ${known} of the last ${observation.recentRps.length} steps known`,
    heading("forecast", paint),
    ...(forecast === null ? ["  none"] : forecastLines(forecast, record, timeZone)),
    ...(decision === null
      ? []
      : [
          heading("decide", paint),
          ...decisionLines(decision, paint).map((text) => (text === "" ? "" : `  ${text}`)),
          "  steps",
          ...stepLines(decision).map((text) => `  ${text}`),
          "  in words",
          ...chainSentences(decision).map((text) => `    ${escapeText(text)}`),
        ]),
    heading("apply", paint),
    `  ${outcomeLine(record)}`,
    heading("verify", paint),
    `  ${verdict === null ? "not reached" : `${verdict.kind}: ${escapeText(verdict.note)}`}`,
    ...(record.prewarm === undefined
      ? []
      : [
          heading("prewarm", paint),
          ...prewarmLines(record.prewarm, record.startedMs).map((text) => `  ${escapeText(text)}`),
        ]),
    ...(record.error === null ? [] : [paint("red", `error      ${escapeText(record.error)}`)]),
    "",
    `time       ${Object.entries(record.stageMs)
      .map(([stage, ms]) => `${stage} ${figure(ms)} ms`)
      .join(", ")}`,
  ];
}

function heading(name: string, paint: Paint): string {
  return paint("bold", name);
}

/** The nearest steps, and how the forecast was made. */
function forecastLines(forecast: ForecastRecord, record: CycleRecord, timeZone: string): readonly string[] {
  const count = forecast.quantiles[0]?.length ?? 0;
  const steps = [0, 1, 2, 5, 11].filter((step) => step < count);
  const { evidence } = record;
  return [
    ...steps.map((step) => {
      const at = (level: number): string => figure(demandAt(forecast, level, step));
      const time = localTime(forecast.cutoffMs + step * forecast.stepMs, timeZone);
      return `  ${time}  median ${at(0.5)} rps, 90 % interval ${at(0.05)} to ${at(0.95)}`;
    }),
    ...(evidence === null
      ? []
      : [
          "  measured coverage of the 90 % interval: " +
            `${evidence.coverage90.map((value) => percent(value)).join(", ")} per horizon; ` +
            `error over naive ${figure(evidence.relativeError)}; anomaly ${figure(evidence.anomalyScore)}`,
          ...Object.entries(evidence.weights).map(
            ([member, weights]) =>
              `  weight of ${escapeText(member)}: ${weights.map((weight) => percent(weight)).join(", ")}`,
          ),
          ...[
            ...(evidence.eventEffects ?? []).map(eventLine),
            ...(evidence.leading ?? []).map(leadingLine),
          ].map((text) => `  ${text}`),
          ...Object.entries(evidence.failures).map(
            ([member, reason]) => `  ${escapeText(member)} did not answer: ${escapeText(reason)}`,
          ),
        ]),
  ];
}
