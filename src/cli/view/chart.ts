import { TIERS } from "../../model/tier.ts";
import { type Canvas, type CellStyle, put } from "./canvas.ts";
import { heightOf, type Scale, scaleFor, tickText } from "./chart-scale.ts";
import type { Glyphs, LineGlyphs } from "./glyphs.ts";
import { timeTicks } from "./time-ticks.ts";
import type { ViewAhead, ViewChart, ViewStep } from "./view-state.ts";

export interface ChartRegion {
  readonly row: number;
  /** Rows of the plot and two more: the axis and its times. */
  readonly rows: number;
  readonly timeZone: string;
}

const AXIS_ROWS = 2;
const AHEAD_SHARE = 0.3;
const MAX_COLUMNS_PER_STEP = 3;
/** A far tail of the forecast must not press everything else to the floor. */
const MAX_TAIL = 1.5;
const LEAST_LABEL_COLUMNS = 10;

interface Plot {
  readonly canvas: Canvas;
  readonly glyphs: Glyphs;
  readonly top: number;
  readonly rows: number;
  /** First column of the plot, right of the axis. */
  readonly left: number;
  readonly columnsPerStep: number;
  readonly past: readonly ViewStep[];
  readonly ahead: readonly ViewAhead[];
  /** Column of "now", between the last known step and the forecast. */
  readonly nowColumn: number;
  readonly scale: Scale;
}

/** Demand as a line over the stacked capacity of the tiers; right of "now" the forecast and its interval. */
export function drawChart(canvas: Canvas, chart: ViewChart, region: ChartRegion, glyphs: Glyphs): void {
  if (chart.history.length + chart.ahead.length === 0) {
    put(canvas, region.row + Math.floor(region.rows / 2), 2, "no demand known yet", "dim");
    return;
  }
  const plot = layOut(canvas, chart, region, glyphs);
  drawValueAxis(plot);
  drawTimeAxis(plot, chart, region.timeZone);
  drawNow(plot);
  for (const [index, step] of plot.past.entries()) drawCapacity(plot, index, step);
  for (const [index, step] of plot.ahead.entries()) drawBand(plot, index, step);
  const demand = plot.past.map((step) => step.demandRps);
  drawLine(plot, demand, pastColumn(plot, 0), glyphs.demand, "demand");
  const median = plot.ahead.map((step) => step.medianRps);
  drawLine(plot, median, plot.nowColumn + 1, glyphs.median, "median");
}

function layOut(canvas: Canvas, chart: ViewChart, region: ChartRegion, glyphs: Glyphs): Plot {
  const rows = region.rows - AXIS_ROWS;
  const left = axisWidth(chart, rows) + 1;
  const room = Math.max(0, canvas.columns - left - 1);
  const known = chart.history.length;
  const wanted = known + Math.min(chart.ahead.length, Math.ceil(known / 2));
  const columnsPerStep = Math.min(MAX_COLUMNS_PER_STEP, Math.max(1, Math.floor(room / Math.max(1, wanted))));
  const steps = Math.floor(room / columnsPerStep);
  const aheadSteps = Math.min(chart.ahead.length, Math.max(Math.floor(steps * AHEAD_SHARE), steps - known));
  const past = chart.history.slice(-Math.max(1, steps - aheadSteps));
  const ahead = chart.ahead.slice(0, aheadSteps);
  const scale = scaleFor(largestShown(past, ahead), rows);
  const nowColumn = left + (steps - aheadSteps) * columnsPerStep;
  return { canvas, glyphs, top: region.row, rows, left, columnsPerStep, past, ahead, nowColumn, scale };
}

/** Width of the widest label that the chart could need, so that the plot does not jump as the scale changes. */
function axisWidth(chart: ViewChart, rows: number): number {
  const scale = scaleFor(largestShown(chart.history, chart.ahead), rows);
  return Math.max(4, tickText(scale.top, scale).length) + 1;
}

function largestShown(past: readonly ViewStep[], ahead: readonly ViewAhead[]): number {
  let body = 0;
  for (const { demandRps, capacityRps } of past) {
    const capacity = capacityRps === null ? 0 : TIERS.reduce((sum, tier) => sum + capacityRps[tier], 0);
    body = Math.max(body, demandRps ?? 0, capacity);
  }
  for (const { medianRps } of ahead) body = Math.max(body, medianRps);
  const tail = Math.max(0, ...ahead.map((step) => step.upperRps));
  return Math.max(body, Math.min(tail, MAX_TAIL * body), 1e-3);
}

/** Steps stand at the right of the past's room, next to "now". */
function pastColumn(plot: Plot, index: number): number {
  return plot.nowColumn - (plot.past.length - index) * plot.columnsPerStep;
}

/** Row of the canvas that is `up` rows above the floor of the plot. */
function rowAt(plot: Plot, up: number): number {
  return plot.top + plot.rows - 1 - up;
}

function drawValueAxis(plot: Plot): void {
  const { canvas, glyphs, scale, rows, left } = plot;
  for (let up = 0; up < rows; up++) put(canvas, rowAt(plot, up), left - 1, glyphs.axis, "axis");
  for (let tick = 1; tick * scale.step <= scale.top * 1.001; tick++) {
    const value = tick * scale.step;
    const up = Math.min(rows - 1, Math.round(heightOf(value, scale, rows)) - 1);
    const text = tickText(value, scale);
    put(canvas, rowAt(plot, up), left - 1 - text.length, text, "dim");
    put(canvas, rowAt(plot, up), left - 1, glyphs.tick, "axis");
  }
  put(canvas, plot.top + rows, left - 2, "0", "dim");
}

function drawTimeAxis(plot: Plot, chart: ViewChart, timeZone: string): void {
  const { canvas, glyphs, left, nowColumn, columnsPerStep, past, ahead } = plot;
  const row = plot.top + plot.rows;
  put(canvas, row, left - 1, glyphs.corner + glyphs.floor.repeat(Math.max(0, canvas.columns - left)), "axis");
  put(canvas, row + 1, Math.min(nowColumn - 1, canvas.columns - 3), "now", "title");
  const taken: [number, number][] = [[nowColumn - 3, nowColumn + 3]];
  const ticks = timeTicks({
    firstMs: chart.cutoffMs - past.length * chart.stepMs,
    stepMs: chart.stepMs,
    steps: past.length + ahead.length,
    leastSteps: Math.ceil(LEAST_LABEL_COLUMNS / columnsPerStep),
    timeZone,
  });
  for (const { step, text } of ticks) {
    const column = pastColumn(plot, step) + (step < past.length ? 0 : 1);
    const start = column - Math.floor(text.length / 2);
    const end = start + text.length;
    put(canvas, row, column, glyphs.floorTick, "axis");
    if (start < left || end > canvas.columns || taken.some(([from, to]) => start < to && end > from))
      continue;
    put(canvas, row + 1, start, text, "dim");
    taken.push([start - 1, end + 1]);
  }
}

function drawNow({ canvas, glyphs, top, rows, nowColumn }: Plot): void {
  for (let row = top; row <= top + rows; row++) put(canvas, row, nowColumn, glyphs.now, "axis");
}

function drawCapacity(plot: Plot, index: number, { capacityRps }: ViewStep): void {
  if (capacityRps === null) return;
  let below = 0;
  for (const tier of TIERS) {
    const floor = Math.ceil(heightOf(below, plot.scale, plot.rows) - 1e-9);
    below += capacityRps[tier];
    const ceiling = Math.ceil(heightOf(below, plot.scale, plot.rows) - 1e-9);
    fill(plot, pastColumn(plot, index), { from: floor, to: ceiling }, plot.glyphs[tier], tier);
  }
}

function drawBand(plot: Plot, index: number, { lowerRps, upperRps }: ViewAhead): void {
  const from = Math.floor(heightOf(lowerRps, plot.scale, plot.rows));
  const to = Math.ceil(heightOf(upperRps, plot.scale, plot.rows));
  const column = plot.nowColumn + 1 + index * plot.columnsPerStep;
  fill(plot, column, { from, to }, plot.glyphs.band, "band");
}

/** Rows `from` up to, not including, `to` of one step. */
function fill(
  plot: Plot,
  column: number,
  { from, to }: { readonly from: number; readonly to: number },
  glyph: string,
  style: CellStyle,
): void {
  const text = glyph.repeat(plot.columnsPerStep);
  for (let up = from; up < to; up++) put(plot.canvas, rowAt(plot, up), column, text, style);
}

/** Steps joined by stems; a gap stays one. */
function drawLine(
  plot: Plot,
  values: readonly (number | null)[],
  firstColumn: number,
  glyphs: LineGlyphs,
  style: CellStyle,
): void {
  let previous: number | undefined;
  for (const [index, value] of values.entries()) {
    if (value === null) {
      previous = undefined;
      continue;
    }
    const height = heightOf(value, plot.scale, plot.rows);
    const up = Math.min(plot.rows - 1, Math.max(0, Math.ceil(height) - 1));
    const column = firstColumn + index * plot.columnsPerStep;
    const level = glyphs.level.repeat(plot.columnsPerStep);
    put(plot.canvas, rowAt(plot, up), column, level, style);
    if (previous !== undefined && previous !== up)
      drawStem(plot, column, { from: previous, to: up }, glyphs, style);
    previous = up;
  }
}

function drawStem(
  plot: Plot,
  column: number,
  { from, to }: { readonly from: number; readonly to: number },
  glyphs: LineGlyphs,
  style: CellStyle,
): void {
  const rising = to > from;
  for (let up = Math.min(from, to) + 1; up < Math.max(from, to); up++) {
    put(plot.canvas, rowAt(plot, up), column, glyphs.stem, style);
  }
  put(plot.canvas, rowAt(plot, from), column, rising ? glyphs.upFrom : glyphs.downFrom, style);
  put(plot.canvas, rowAt(plot, to), column, rising ? glyphs.upTo : glyphs.downTo, style);
}
