import { type QuantileForecast, quantileAt } from "../model/forecast.ts";
import type { DemandSeries } from "../model/series.ts";
import { DAY_MS } from "../model/time.ts";
import { type Canvas, type CellStyle, canvasLines, createCanvas, put } from "./view/canvas.ts";
import { heightOf, type Scale, scaleFor, tickText } from "./view/chart-scale.ts";
import { ASCII_GLYPHS, type LineGlyphs, UNICODE_GLYPHS } from "./view/glyphs.ts";
import { timeTicks } from "./view/time-ticks.ts";

export interface PlotRequest {
  readonly history: DemandSeries;
  readonly forecast: QuantileForecast;
  readonly timeZone: string;
  readonly columns: number;
  readonly rows: number;
  readonly ascii: boolean;
  readonly colour: boolean;
}

/** Bands from the outside in: quantiles of each edge, and the character that fills it. */
const BANDS = [
  { lower: 0.025, upper: 0.975, unicode: "░", ascii: ".", name: "95 %" },
  { lower: 0.1, upper: 0.9, unicode: "▒", ascii: ":", name: "80 %" },
] as const;

/** Legend above; axis and its times below. */
const FRAME_ROWS = 3;
const LEAST_HISTORY_MS = DAY_MS;
/** A far tail must not press everything else to the floor. */
const MAX_TAIL = 2;
const LEAST_LABEL_COLUMNS = 10;

interface Plot {
  readonly canvas: Canvas;
  readonly rows: number;
  readonly left: number;
  readonly nowColumn: number;
  readonly scale: Scale;
  readonly past: readonly (number | null)[];
  readonly ahead: readonly Ahead[];
  readonly columnMs: number;
  readonly request: PlotRequest;
}

interface Ahead {
  readonly median: number;
  /** Lower and upper edge of each of `BANDS`. */
  readonly edges: readonly (readonly [number, number])[];
}

/** History, median and the 80 and 95 % intervals as lines of text, none wider than `columns`; time runs right. */
export function forecastPlot(request: PlotRequest): readonly string[] {
  const plot = layOut(request);
  drawLegend(plot);
  drawValueAxis(plot);
  drawTimeAxis(plot);
  const { ahead, nowColumn, past } = plot;
  ahead.forEach((step, i) => {
    BANDS.forEach((band, b) => {
      const [lower, upper] = step.edges[b] ?? [0, 0];
      fillBand(plot, nowColumn + 1 + i, lower, upper, request.ascii ? band.ascii : band.unicode);
    });
  });
  const glyphs = request.ascii ? ASCII_GLYPHS : UNICODE_GLYPHS;
  for (let row = 1; row <= plot.rows; row++) put(plot.canvas, row, nowColumn, glyphs.now, "axis");
  drawLine(plot, past, nowColumn - past.length, glyphs.demand, "demand");
  const median = ahead.map((step) => step.median);
  drawLine(plot, median, nowColumn + 1, glyphs.median, "median");
  return canvasLines(plot.canvas, request.colour);
}

function layOut(request: PlotRequest): Plot {
  const { history, forecast, columns } = request;
  const rows = request.rows - FRAME_ROWS;
  const { stepMs } = forecast;
  const aheadSteps = forecast.quantiles[0]?.length ?? 0;
  const wantedMs = Math.max(LEAST_HISTORY_MS, 1.5 * aheadSteps * stepMs);
  const pastSteps = Math.min(history.values.length, Math.ceil(wantedMs / stepMs));
  const room = Math.max(8, columns - 11);
  const stepsPerColumn = Math.ceil((pastSteps + aheadSteps) / room);
  const past = pastColumns(history, Math.floor(pastSteps / stepsPerColumn), stepsPerColumn);
  const ahead = aheadColumns(forecast, Math.ceil(aheadSteps / stepsPerColumn), stepsPerColumn);
  const scale = scaleFor(largestShown(past, ahead), rows);
  const left = Math.max(5, tickText(scale.top, scale).length + 2);
  const nowColumn = left + past.length;
  const canvas = createCanvas(columns, request.rows);
  return { canvas, rows, left, nowColumn, scale, past, ahead, columnMs: stepsPerColumn * stepMs, request };
}

/** Means of `count` columns up to the cutoff; null where nothing is known. */
function pastColumns({ values }: DemandSeries, count: number, perColumn: number): readonly (number | null)[] {
  const first = values.length - count * perColumn;
  return Array.from({ length: count }, (_, column) => {
    const from = first + column * perColumn;
    const known = values.subarray(from, from + perColumn).filter((value) => !Number.isNaN(value));
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  });
}

function aheadColumns(forecast: QuantileForecast, count: number, perColumn: number): readonly Ahead[] {
  const steps = forecast.quantiles[0]?.length ?? 0;
  return Array.from({ length: count }, (_, column) => {
    const from = column * perColumn;
    const to = Math.min(steps, from + perColumn);
    const mean = (level: number): number => {
      let sum = 0;
      for (let step = from; step < to; step++) sum += quantileAt(forecast, level, step);
      return sum / (to - from);
    };
    return { median: mean(0.5), edges: BANDS.map(({ lower, upper }) => [mean(lower), mean(upper)] as const) };
  });
}

function largestShown(past: readonly (number | null)[], ahead: readonly Ahead[]): number {
  const body = Math.max(0, ...past.map((value) => value ?? 0), ...ahead.map(({ median }) => median));
  const tail = Math.max(0, ...ahead.map(({ edges }) => edges[0]?.[1] ?? 0));
  return Math.max(body, Math.min(tail, MAX_TAIL * body), 1e-3);
}

function drawLegend({ canvas, request }: Plot): void {
  const { ascii } = request;
  const glyphs = ascii ? ASCII_GLYPHS : UNICODE_GLYPHS;
  let column = put(canvas, 0, 0, "demand ", "dim");
  column = put(canvas, 0, column, glyphs.demand.level.repeat(2), "demand");
  column = put(canvas, 0, column, "   forecast: median ", "dim");
  column = put(canvas, 0, column, glyphs.median.level.repeat(2), "median");
  for (const band of [...BANDS].reverse()) {
    column = put(canvas, 0, column, `   ${band.name} `, "dim");
    column = put(canvas, 0, column, (ascii ? band.ascii : band.unicode).repeat(2), "band");
  }
}

function drawValueAxis({ canvas, rows, left, scale, request }: Plot): void {
  const glyphs = request.ascii ? ASCII_GLYPHS : UNICODE_GLYPHS;
  for (let row = 1; row <= rows; row++) put(canvas, row, left - 1, glyphs.axis, "axis");
  for (let tick = 1; tick * scale.step <= scale.top * 1.001; tick++) {
    const up = Math.min(rows, Math.max(1, Math.round(heightOf(tick * scale.step, scale, rows))));
    const text = tickText(tick * scale.step, scale);
    put(canvas, rows + 1 - up, left - 1 - text.length, text, "dim");
    put(canvas, rows + 1 - up, left - 1, glyphs.tick, "axis");
  }
  put(canvas, rows + 1, left - 2, "0", "dim");
}

function drawTimeAxis({ canvas, rows, left, nowColumn, past, ahead, columnMs, request }: Plot): void {
  const glyphs = request.ascii ? ASCII_GLYPHS : UNICODE_GLYPHS;
  const width = past.length + ahead.length + 1;
  put(canvas, rows + 1, left - 1, glyphs.corner + glyphs.floor.repeat(width), "axis");
  put(canvas, rows + 2, Math.max(left, nowColumn - 2), "cutoff", "title");
  const taken: [number, number][] = [[nowColumn - 3, nowColumn + 5]];
  const ticks = timeTicks({
    firstMs: request.forecast.cutoffMs - past.length * columnMs,
    stepMs: columnMs,
    steps: past.length + ahead.length,
    leastSteps: LEAST_LABEL_COLUMNS,
    timeZone: request.timeZone,
  });
  for (const { step, text } of ticks) {
    const column = left + step + (step < past.length ? 0 : 1);
    const start = column - Math.floor(text.length / 2);
    const end = start + text.length;
    put(canvas, rows + 1, column, glyphs.floorTick, "axis");
    const overlaps = taken.some(([from, to]) => start < to && end > from);
    if (start < left - 1 || end > canvas.columns || overlaps) continue;
    put(canvas, rows + 2, start, text, "dim");
    taken.push([start - 1, end + 1]);
  }
}

function fillBand(plot: Plot, column: number, lower: number, upper: number, glyph: string): void {
  const { canvas, rows, scale } = plot;
  const from = Math.floor(heightOf(lower, scale, rows));
  const to = Math.ceil(heightOf(upper, scale, rows));
  for (let up = from; up < to; up++) put(canvas, rows - up, column, glyph, "band");
}

/** Columns joined by stems; a gap stays one. */
function drawLine(
  plot: Plot,
  values: readonly (number | null)[],
  firstColumn: number,
  glyphs: LineGlyphs,
  style: CellStyle,
): void {
  const { rows, scale } = plot;
  let previous: number | null = null;
  for (const [index, value] of values.entries()) {
    const up: number | null =
      value === null ? null : Math.min(rows - 1, Math.max(0, Math.ceil(heightOf(value, scale, rows)) - 1));
    if (up !== null) drawStep(plot, firstColumn + index, { from: previous ?? up, to: up }, glyphs, style);
    previous = up;
  }
}

function drawStep(
  { canvas, rows }: Plot,
  column: number,
  { from, to }: { readonly from: number; readonly to: number },
  glyphs: LineGlyphs,
  style: CellStyle,
): void {
  const at = (up: number, text: string) => put(canvas, rows - up, column, text, style);
  if (from === to) {
    at(to, glyphs.level);
    return;
  }
  for (let stem = Math.min(from, to) + 1; stem < Math.max(from, to); stem++) at(stem, glyphs.stem);
  at(from, to > from ? glyphs.upFrom : glyphs.downFrom);
  at(to, to > from ? glyphs.upTo : glyphs.downTo);
}
