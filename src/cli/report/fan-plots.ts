import type { BacktestOptions, BacktestResult } from "../../forecast/scores/backtest.ts";
import type { BacktestForecast } from "../../forecast/scores/backtest-scores.ts";
import { SCORE_LEVELS } from "../../forecast/scores/scoring.ts";
import { HOUR_MS } from "../../model/time.ts";
import { linear, linePath, pixel } from "../../simulate/report-svg.ts";
import { figure } from "../figures.ts";
import { localTime } from "../instants.ts";
import { axes, band, demandTicks, type Key, line, PANEL, panel, timeTicks } from "./panel.ts";

const MOST_FANS = 6;
const [P05 = 0, P10 = 1, P50 = 2, P90 = 3, P95 = 4] = [0.05, 0.1, 0.5, 0.9, 0.95].map((level) =>
  SCORE_LEVELS.indexOf(level),
);

const KEYS: readonly Key[] = [
  { text: "what came", mark: "line", colour: "var(--ink)" },
  { text: "median", mark: "line", colour: "var(--own)" },
  { text: "80 %", mark: "box", colour: "var(--inner)" },
  { text: "90 %", mark: "box", colour: "var(--outer)" },
];

/** Forecast against truth at origins from the best to the worst by loss at the longest horizon. */
export function fanPanels(options: BacktestOptions, result: BacktestResult): readonly string[] {
  const last = options.horizonsMs.indexOf(Math.max(...options.horizonsMs));
  const ranked = result.byOrigin
    .map(({ originMs, horizons }) => ({ originMs, loss: horizons[last]?.loss ?? Number.NaN }))
    .filter(({ loss }) => Number.isFinite(loss))
    .sort((a, b) => a.loss - b.loss);
  const count = Math.min(MOST_FANS, ranked.length);
  return Array.from({ length: count }, (_, i) => {
    const place = Math.round((i * (ranked.length - 1)) / Math.max(1, count - 1));
    const { originMs = 0, loss = 0 } = ranked[place] ?? {};
    const forecast = result.forecasts.find((own) => own.model === "ensemble" && own.originMs === originMs);
    const rank = rankName(place, ranked.length);
    const text = `${rank}, loss ${figure(loss)} a step; last known step ${localTime(originMs, options.timeZone)}`;
    return forecast === undefined ? "" : fanPanel(options, forecast, text);
  });
}

function rankName(place: number, count: number): string {
  if (count === 1) return "the only origin";
  if (place === 0) return "best origin";
  if (place === count - 1) return "worst origin";
  return `${place + 1} of ${count}`;
}

function fanPanel({ series, timeZone }: BacktestOptions, forecast: BacktestForecast, text: string): string {
  const { originMs, stepMs, quantiles } = forecast;
  const steps = quantiles[P50]?.length ?? 0;
  const pastSteps = Math.max(Math.ceil((6 * HOUR_MS) / stepMs), Math.round(steps / 2));
  const cutoff = Math.round((originMs - series.startMs) / stepMs) + 1;
  const first = Math.max(0, cutoff - pastSteps);
  const truth = series.values.subarray(first, cutoff + steps);
  const atMs = (step: number): number => series.startMs + (step + 0.5) * stepMs;
  const [fromMs, toMs] = [atMs(first) - stepMs / 2, atMs(cutoff + steps - 1) + stepMs / 2];
  const highest = Math.max(1e-9, ...truth.filter((value) => !Number.isNaN(value)), ...(quantiles[P95] ?? []));
  const x = linear(fromMs, toMs, PANEL.left, PANEL.width - PANEL.right);
  const y = linear(0, highest * 1.04, PANEL.height - PANEL.bottom, PANEL.top);
  const between = (low: number, high: number, name: string): string =>
    band(
      Array.from({ length: steps }, (_, h) => [
        x(atMs(cutoff + h)),
        y(quantiles[low]?.[h] ?? Number.NaN),
        y(quantiles[high]?.[h] ?? Number.NaN),
      ]),
      name,
    );
  const came = linePath(Array.from(truth, (value, i) => [x(atMs(first + i)), y(value)]));
  const median = Array.from(quantiles[P50] ?? [], (value, h) => [x(atMs(cutoff + h)), y(value)] as const);
  const cut = pixel(x(atMs(cutoff) - stepMs / 2));
  const frameAxes = axes(
    { scale: x, ticks: timeTicks(fromMs, toMs, timeZone), title: `local time (${timeZone})` },
    {
      scale: y,
      ticks: demandTicks(highest),
      title: "demand",
    },
  );
  return panel({
    title: text.split(",", 1)[0] ?? "",
    text: text.slice(text.indexOf(",") + 2),
    keys: KEYS,
    content:
      frameAxes +
      between(P05, P95, "outer") +
      between(P10, P90, "inner") +
      `<path class="axis" stroke-dasharray="3 3" d="M${cut} ${PANEL.top}V${PANEL.height - PANEL.bottom}"/>` +
      line(median, "var(--own)", "own") +
      `<path class="truth" d="${came}"/>`,
  });
}
