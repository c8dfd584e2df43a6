import { type ForecastEvidence, type QuantileForecast, quantileAt } from "../model/forecast.ts";
import { endMs } from "../model/series.ts";
import type { Settings } from "../model/settings.ts";
import { shortDuration } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { figure, percent } from "./figures.ts";
import { isoTime, localTime } from "./instants.ts";
import { wantsJson } from "./options.ts";
import { note, print, printJson } from "./output.ts";
import { textTable } from "./text-table.ts";
import { withWired } from "./wired.ts";

/** Central prediction intervals that are shown, by level. */
const SHOWN_INTERVALS = [0.9, 0.5] as const;

const FORECAST_CHOICES = { lease: "none", readOnly: true, needsDemand: true } as const;

/** Forecasts from what the source knows now; records nothing. */
export async function runForecast(call: CommandCall): Promise<number> {
  return withWired(call, FORECAST_CHOICES, async ({ parts }, { settings }) => {
    const nowMs = parts.clock.nowMs();
    const series = await parts.demand.read(nowMs, settings.demand.historyMs).catch((error: unknown) => {
      throw error instanceof UserError
        ? error
        : new UserError(error instanceof Error ? error.message : String(error));
    });
    if (series.values.length === 0) throw new UserError(`${parts.demand.name}: no whole step of demand yet`);
    const { forecast, evidence } = await parts.forecaster.forecast(settings.service, series);
    const horizons = horizonRows(forecast, evidence, settings);
    const cutoff = isoTime(forecast.cutoffMs);
    if (wantsJson(call)) {
      printJson("Forecast", {
        service: settings.service,
        cutoff,
        stepMs: forecast.stepMs,
        horizons,
        evidence,
      });
      return EXIT.done;
    }
    const age = nowMs - endMs(series);
    const { timeZone } = settings.demand;
    note(`demand ${escapeText(parts.demand.name)}, known up to ${localTime(forecast.cutoffMs, timeZone)}`);
    if (age > settings.demand.staleAfterMs) note(`warning: demand is ${shortDuration(age)} old: stale`);
    for (const [member, reason] of Object.entries(evidence.failures))
      note(`warning: ${escapeText(member)} did not answer: ${escapeText(reason)}`);
    print(forecastTable(horizons, timeZone));
    return EXIT.done;
  });
}

interface HorizonRow {
  readonly horizonMs: number;
  /** The step that the figures are of: `[startsMs, startsMs + stepMs)`. */
  readonly startsMs: number;
  readonly medianRps: number;
  readonly intervals: readonly { readonly level: number; readonly lower: number; readonly upper: number }[];
  readonly coverage90: number | null;
  readonly weights: Readonly<Record<string, number>>;
}

function horizonRows(
  forecast: QuantileForecast,
  evidence: ForecastEvidence,
  settings: Settings,
): readonly HorizonRow[] {
  const steps = forecast.quantiles[0]?.length ?? 0;
  return settings.horizons.flatMap((horizonMs, index) => {
    const step = Math.max(0, Math.ceil(horizonMs / forecast.stepMs) - 1);
    if (step >= steps) return [];
    const row: HorizonRow = {
      horizonMs,
      startsMs: forecast.cutoffMs + step * forecast.stepMs,
      medianRps: quantileAt(forecast, 0.5, step),
      intervals: SHOWN_INTERVALS.map((level) => ({
        level,
        lower: quantileAt(forecast, (1 - level) / 2, step),
        upper: quantileAt(forecast, (1 + level) / 2, step),
      })),
      coverage90: evidence.coverage90[index] ?? null,
      weights: Object.fromEntries(
        Object.entries(evidence.weights).map(([member, weights]) => [member, weights[index] ?? 0]),
      ),
    };
    return [row];
  });
}

function forecastTable(rows: readonly HorizonRow[], timeZone: string): string {
  const range = (row: HorizonRow, level: number): string => {
    const found = row.intervals.find((interval) => interval.level === level);
    return found === undefined ? "?" : `${figure(found.lower)} to ${figure(found.upper)}`;
  };
  return textTable(
    [
      { title: "horizon" },
      { title: "step from" },
      { title: "median rps", right: true },
      { title: "90 % interval", right: true },
      { title: "50 % interval", right: true },
      { title: "coverage", right: true },
      { title: "members" },
    ],
    rows.map((row) => [
      shortDuration(row.horizonMs),
      localTime(row.startsMs, timeZone),
      figure(row.medianRps),
      range(row, 0.9),
      range(row, 0.5),
      percent(row.coverage90),
      Object.entries(row.weights)
        .filter(([, weight]) => weight >= 0.005)
        .map(([member, weight]) => `${escapeText(member)} ${percent(weight)}`)
        .join(", "),
    ]),
  );
}
