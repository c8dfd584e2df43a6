import { TIERS, totalUnits } from "../../model/tier.ts";
import { shortDuration } from "../../model/time.ts";
import { escapeText } from "../escape-text.ts";
import { figure, percent, usd } from "../figures.ts";
import { type Canvas, type CellStyle, canvasLines, createCanvas, put } from "./canvas.ts";
import { drawChart } from "./chart.ts";
import { ASCII_GLYPHS, type Glyphs, UNICODE_GLYPHS } from "./glyphs.ts";
import { clipText, textWidth, wrapText } from "./text-width.ts";
import type { ViewOutcome, ViewPolicy, ViewState, ViewTime } from "./view-state.ts";

export interface ViewSize {
  readonly columns: number;
  readonly rows: number;
  /** For terminals without Unicode. */
  readonly ascii?: boolean;
}

/** A stretch of text with a meaning. */
type Span = readonly [text: string, style: CellStyle];
type Line = readonly Span[];

const NAME_COLUMNS = 9;
/** Facts of one line each, and what `why` and `diff` share. */
const SINGLE_FACTS = 6;
const LONG_FACT_ROWS = 4;
const LEAST_CHART_ROWS = 6;
const MOST_CHART_ROWS = 36;

/**
 * The live view as lines, at most `size.rows` of them and none wider than `size.columns`. Header, phase and legend
 * above; the chart takes what the facts below leave. On a very small screen the chart goes first.
 */
export function renderView(state: ViewState, size: ViewSize, colour: boolean): readonly string[] {
  const glyphs = size.ascii ? ASCII_GLYPHS : UNICODE_GLYPHS;
  const canvas = createCanvas(size.columns, size.rows);
  drawHeader(canvas, state, glyphs);
  drawPhase(canvas, state, glyphs);
  const facts = factLines(state, size, glyphs);
  const chartRows = Math.min(MOST_CHART_ROWS, size.rows - 3 - facts.length);
  const withChart = chartRows >= LEAST_CHART_ROWS;
  if (withChart) {
    drawLegend(canvas, glyphs);
    drawChart(canvas, state.chart, { row: 3, rows: chartRows, timeZone: state.time.timeZone }, glyphs);
  }
  const first = withChart ? 3 + chartRows : 2;
  for (const [index, line] of facts.entries()) drawLine(canvas, first + index, line, glyphs);
  return canvasLines(canvas, colour);
}

function drawHeader(canvas: Canvas, state: ViewState, glyphs: Glyphs): void {
  const right = timeText(state.time, glyphs);
  const left = `tiercast ${glyphs.separator} ${escapeText(state.service)} ${glyphs.separator} ${state.mode}`;
  const room = canvas.columns - textWidth(right) - 2;
  put(canvas, 0, 0, clipText(left, Math.max(0, room), glyphs.ellipsis), "title");
  put(canvas, 0, Math.max(0, canvas.columns - textWidth(right)), right, "title");
}

/** `Tue 2001-03-27 05:35 EST ×60 1m12s left`. */
function timeText(time: ViewTime, glyphs: Glyphs): string {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: time.timeZone,
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  }).formatToParts(time.atMs);
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((found) => found.type === type)?.value ?? "";
  const date = `${part("weekday")} ${part("year")}-${part("month")}-${part("day")}`;
  const clock = `${part("hour")}:${part("minute")} ${part("timeZoneName")}`;
  const speed =
    time.speed === 1
      ? ""
      : `  ${glyphs.times}${Number.isInteger(time.speed) ? time.speed : figure(time.speed)}`;
  const left = time.remainingWallMs === null ? "" : `  ${shortDuration(time.remainingWallMs)} left`;
  return `${date} ${clock}${speed}${left}`;
}

function drawPhase(canvas: Canvas, state: ViewState, glyphs: Glyphs): void {
  put(canvas, 1, 0, clipText(escapeText(state.phase), canvas.columns, glyphs.ellipsis), "warn");
}

function drawLegend(canvas: Canvas, glyphs: Glyphs): void {
  const legend: Line = [
    ["rps  ", "dim"],
    [glyphs.demand.level.repeat(2), "demand"],
    [" demand  ready ", "dim"],
    ...TIERS.flatMap(
      (tier): Line => [
        [glyphs[tier], tier],
        [` ${tier} `, "dim"],
      ],
    ),
    [" forecast ", "dim"],
    [glyphs.median.level, "median"],
    [" median ", "dim"],
    [glyphs.band, "band"],
    [" 90 %", "dim"],
  ];
  drawLine(canvas, 2, legend, glyphs);
}

function drawLine(canvas: Canvas, row: number, line: Line, glyphs: Glyphs): void {
  let column = 0;
  for (const [text, style] of line) {
    const room = canvas.columns - column;
    column = put(canvas, row, column, clipText(text, room, glyphs.ellipsis), style);
  }
}

/** The facts below the chart: always as many rows, so that the chart keeps its height; empty ones come last. */
function factLines(state: ViewState, size: ViewSize, glyphs: Glyphs): readonly Line[] {
  const room = Math.max(1, size.columns - NAME_COLUMNS);
  const shared = LONG_FACT_ROWS + Math.min(2, Math.floor(Math.max(0, size.rows - 24) / 6));
  const { decision } = state;
  const why = decision === null ? "no decision yet" : escapeText(decision.why);
  const diff = state.diff.length === 0 ? "no update yet" : state.diff.map(escapeText).join("; ");
  const whyLines = wrapText(why, room, shared - 1, glyphs.ellipsis);
  const diffLines = wrapText(diff, room, shared - whyLines.length, glyphs.ellipsis);
  const facts: readonly Line[] = [
    named("ready", readySpans(state)),
    ...paragraph("why", whyLines, "title"),
    named("trust", trustSpans(state)),
    ...paragraph("diff", diffLines, "plain"),
    named("policies", [...policySpans(state.policy), [engineText(state), "dim"]]),
    named("latency", latencySpans(state)),
    named("so far", outcomeSpans(state.outcome, state.outcome.violations > 0 ? "warn" : "good")),
    named(
      "HPA rule",
      state.reactive === null ? [["not compared", "dim"]] : outcomeSpans(state.reactive, "dim"),
    ),
  ];
  return Array.from({ length: SINGLE_FACTS + shared }, (_, index) => facts[index] ?? []);
}

function named(name: string, spans: Line): Line {
  return [[name.padEnd(NAME_COLUMNS), "dim"], ...spans];
}

function paragraph(name: string, lines: readonly string[], style: CellStyle): readonly Line[] {
  return lines.map((line, index) => named(index === 0 ? name : "", [[line, style]]));
}

function readySpans({ ready, demandRps }: ViewState): Line {
  const demand = demandRps === null ? "not known" : `${figure(demandRps)} rps`;
  if (ready === null) return [[`platform not running yet  demand ${demand}`, "dim"]];
  return [
    [`${totalUnits(ready.units)} units`, "title"],
    [" = ", "dim"],
    ...TIERS.flatMap(
      (tier, index): Line => [
        [`${index === 0 ? "" : " + "}${ready.units[tier]}`, "plain"],
        [` ${tier}`, tier],
      ],
    ),
    [`, ${ready.warmUnits} warm  demand `, "dim"],
    [demand, "demand"],
  ];
}

function trustSpans({ decision, leadTimeMs }: ViewState): Line {
  if (decision === null) return [["not known yet", "dim"]];
  const style: CellStyle = decision.strategy === "reactive-only" ? "warn" : "good";
  return [
    [`${percent(decision.trust)} ${decision.strategy}`, style],
    [`  cycle ${decision.cycle}: ${escapeText(decision.outcome)}`, "dim"],
    [leadTimeMs === null ? "" : `  lead time ${shortDuration(leadTimeMs)}`, "dim"],
  ];
}

function policySpans(policy: ViewPolicy | null): Line {
  if (policy === null) return [["not checked yet", "dim"]];
  switch (policy.kind) {
    case "passed":
      return [[`passed ${policy.checks} checks`, "good"]];
    case "violated":
      return [[`VIOLATED: ${policy.violations.map(escapeText).join("; ")}`, "bad"]];
    case "not-checked":
      return [[`not checked: ${escapeText(policy.reason)}`, "warn"]];
  }
}

function engineText({ engine }: ViewState): string {
  if (engine.runs === 0) return "";
  return `  ${engine.runs} engine runs, ${figure(engine.totalMs / 1000)} s`;
}

function latencySpans({ latency, outcome }: ViewState): Line {
  if (latency === null) return [[outcome.requests > 0 ? "no requests just now" : "no requests yet", "dim"]];
  const { p50Ms, p95Ms, p99Ms } = latency;
  return [[`p50 ${figure(p50Ms)} ms  p95 ${figure(p95Ms)} ms  p99 ${figure(p99Ms)} ms`, "plain"]];
}

function outcomeSpans({ requests, violations, unitHours, costUsd }: ViewOutcome, style: CellStyle): Line {
  if (requests === 0) return [["no requests yet", "dim"]];
  return [
    [`${percent(violations / requests, 2)} late or failed`, style],
    [
      ` of ${requests.toLocaleString("en-US")} requests  ${unitHours.toFixed(2)} unit-hours  ${usd(costUsd)}`,
      style === "dim" ? "dim" : "plain",
    ],
  ];
}
