import type { BacktestOptions, BacktestResult } from "../../forecast/scores/backtest.ts";
import type { BacktestForecast } from "../../forecast/scores/backtest-scores.ts";
import { SCORE_LEVELS } from "../../forecast/scores/scoring.ts";
import { HOUR_MS, shortDuration } from "../../model/time.ts";
import { zoneOffset } from "../../model/zone-offset.ts";
import { linear, niceTicks } from "../../simulate/report-svg.ts";
import { colourOf } from "./colours.ts";
import { axes, demandTicks, type Key, line, PANEL, panel, type Tick } from "./panel.ts";

const MEDIAN = SCORE_LEVELS.indexOf(0.5);
const COMPARED: readonly string[] = ["ensemble", "naive", "seasonal-naive"];
const HOURS = 24;
const MOST_LEADS = 48;

interface Bins {
  readonly sums: Float64Array;
  readonly counts: Float64Array;
}

/** Mean absolute error of the median by local hour of the target, and by how far ahead it was. */
export function errorPanels(options: BacktestOptions, result: BacktestResult): readonly string[] {
  const models = COMPARED.filter((name) => result.models.some(({ model }) => model === name));
  const steps = result.forecasts[0]?.quantiles[MEDIAN]?.length ?? 0;
  const { stepMs } = options.series;
  const perLead = Math.ceil(steps / MOST_LEADS);
  const leads = Math.ceil(steps / perLead);
  const offset = zoneOffset(options.timeZone);
  const byHour = models.map(() => newBins(HOURS));
  const byLead = models.map(() => newBins(leads));
  for (const forecast of result.forecasts) {
    const m = models.indexOf(forecast.model);
    if (m < 0) continue;
    eachError(options, forecast, (error, step, targetMs) => {
      const hour = Math.floor((targetMs + offset(targetMs)) / HOUR_MS) % HOURS;
      add(byHour[m], (hour + HOURS) % HOURS, error);
      add(byLead[m], Math.floor(step / perLead), error);
    });
  }
  const reach = shortDuration(steps * stepMs);
  const leadTicks = niceTicks(0, (steps * stepMs) / HOUR_MS, 6).map((at) => ({ at, label: String(at) }));
  const hourTicks = [0, 3, 6, 9, 12, 15, 18, 21, 24].map((at) => ({ at, label: `${at}:00` }));
  return [
    errorPanel(
      { title: `By local hour of the target, up to ${reach} ahead`, xTitle: `hour (${options.timeZone})` },
      models,
      byHour,
      { ticks: hourTicks, end: HOURS, width: 1 },
    ),
    errorPanel({ title: "By how far ahead the target is", xTitle: "hours ahead" }, models, byLead, {
      ticks: leadTicks,
      end: (steps * stepMs) / HOUR_MS,
      width: (perLead * stepMs) / HOUR_MS,
    }),
  ];
}

function errorPanel(
  { title, xTitle }: { readonly title: string; readonly xTitle: string },
  models: readonly string[],
  bins: readonly Bins[],
  across: { readonly ticks: readonly Tick[]; readonly end: number; readonly width: number },
): string {
  const means = bins.map(({ sums, counts }) => Array.from(sums, (sum, i) => sum / (counts[i] ?? 0)));
  const highest = Math.max(1e-9, ...means.flat().filter(Number.isFinite));
  const x = linear(0, across.end, PANEL.left, PANEL.width - PANEL.right);
  const y = linear(0, highest * 1.05, PANEL.height - PANEL.bottom, PANEL.top);
  const curves = models.map((model, m) => {
    const points = (means[m] ?? []).map(
      (mean, i) => [x(Math.min(across.end, (i + 0.5) * across.width)), y(mean)] as const,
    );
    return line(points, colourOf(model, models), model === "ensemble" ? "own" : "peer");
  });
  const keys = models.map((text): Key => ({ text, mark: "line", colour: colourOf(text, models) }));
  const frameAxes = axes(
    { scale: x, ticks: across.ticks, title: xTitle },
    {
      scale: y,
      ticks: demandTicks(highest),
      title: "mean absolute error (unit of demand)",
    },
  );
  return panel({ title, keys, content: frameAxes + curves.reverse().join("") });
}

function eachError(
  { series }: BacktestOptions,
  { originMs, stepMs, quantiles }: BacktestForecast,
  take: (error: number, step: number, targetMs: number) => void,
): void {
  const median = quantiles[MEDIAN] ?? new Float64Array(0);
  const first = Math.round((originMs - series.startMs) / stepMs) + 1;
  median.forEach((value, step) => {
    const truth = series.values[first + step] ?? Number.NaN;
    if (!Number.isNaN(truth)) take(Math.abs(truth - value), step, originMs + (step + 1) * stepMs);
  });
}

function newBins(count: number): Bins {
  return { sums: new Float64Array(count), counts: new Float64Array(count) };
}

function add(bins: Bins | undefined, at: number, error: number): void {
  if (bins === undefined) return;
  bins.sums[at] = (bins.sums[at] ?? 0) + error;
  bins.counts[at] = (bins.counts[at] ?? 0) + 1;
}
