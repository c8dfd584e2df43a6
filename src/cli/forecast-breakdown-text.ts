import { quantileAt } from "../model/forecast.ts";
import { shortDuration } from "../model/time.ts";
import { escapeText } from "./escape-text.ts";
import { figure } from "./figures.ts";
import type { PartForecast, ResourceForecast } from "./forecast-breakdown.ts";
import { horizonRows } from "./forecast-rows.ts";
import type { Subject } from "./forecast-subject.ts";
import { textTable } from "./text-table.ts";

/** A row per part: median and 90 % interval at each horizon. Nothing without parts. */
export function partLines(subject: Subject, parts: readonly PartForecast[]): readonly string[] {
  if (parts.length === 0) return [];
  return ["", "parts, median (90 % interval); medians sum to the whole", table(subject, "part", parts)];
}

export function resourceLines(subject: Subject, resource: ResourceForecast | undefined): readonly string[] {
  if (resource === undefined) return [];
  const { idle, perRps, perRpsRange, saturationRps, pairs, seenRps } = resource.model;
  const [low, high] = perRpsRange.map(figure);
  const bend = saturationRps === undefined ? "" : `, flattening from ${figure(saturationRps)} requests/s on`;
  return [
    "",
    `${escapeText(resource.name)}: ${figure(idle)} idle, ${figure(perRps)} per request/s ` +
      `(90 % interval ${low} to ${high})${bend}; ` +
      `from ${pairs} steps at ${figure(seenRps[0])} to ${figure(seenRps[1])} requests/s`,
    table(subject, "resource", [resource]),
  ];
}

export function partsJson(subject: Subject, parts: readonly PartForecast[]): object {
  if (parts.length === 0) return {};
  return { parts: parts.map(({ name, forecast }) => ({ name, horizons: rowsOf(subject, forecast) })) };
}

export function resourceJson(subject: Subject, resource: ResourceForecast | undefined): object {
  if (resource === undefined) return {};
  const { name, model, forecast } = resource;
  return { resource: { name, model, horizons: rowsOf(subject, forecast) } };
}

function table(subject: Subject, title: string, parts: readonly PartForecast[]): string {
  const columns = horizonRows(subject);
  return textTable(
    [{ title }, ...columns.map(({ horizonMs }) => ({ title: shortDuration(horizonMs), right: true }))],
    parts.map(({ name, forecast }) => [
      escapeText(name),
      ...columns.map(({ step }) => {
        const [median, low, high] = [0.5, 0.05, 0.95].map((level) =>
          figure(quantileAt(forecast, level, step)),
        );
        return `${median} (${low} to ${high})`;
      }),
    ]),
  );
}

/** Without what only the whole has: coverage and weights. */
function rowsOf(subject: Subject, forecast: PartForecast["forecast"]): readonly object[] {
  return horizonRows({ ...subject, forecast }).map(({ horizonMs, startsMs, medianRps, intervals }) => ({
    horizonMs,
    startsMs,
    median: medianRps,
    intervals,
  }));
}
