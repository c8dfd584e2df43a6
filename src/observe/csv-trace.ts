import { type DemandSeries, gapFraction } from "../model/series.ts";
import { formatDuration } from "../model/time.ts";
import { type CsvColumns, readColumns, splitFields } from "./csv-columns.ts";
import { addSample, createGrid, type Grid, gridSeries } from "./grid.ts";
import { inferStep } from "./infer-step.ts";
import { inputError, quoted } from "./input-error.ts";
import { readLines } from "./line-reader.ts";
import { parseTimestamp } from "./timestamp.ts";
import { createZoneClock, type ZoneClock } from "./zone-clock.ts";

export interface CsvTraceRequest {
  readonly path: string;
  /** Grid of the series; undefined: the step of the file. */
  readonly stepMs: number | undefined;
  /** Zone of stamps that name none. */
  readonly timeZone: string;
  readonly timeColumn?: string | undefined;
  readonly valueColumn?: string | undefined;
  /** Values times this are requests/s. */
  readonly scale?: number;
}

export interface CsvTrace {
  readonly series: DemandSeries;
  /** Step of the file's own rows, ms. */
  readonly inputStepMs: number;
  readonly rows: number;
  /** A line each: read, but worth a look. */
  readonly warnings: readonly string[];
}

const MAX_LINE_BYTES = 64 * 1024;
/** Rows that are held back to learn the file's step from. */
const ROWS_FOR_STEP = 1000;

interface Reading {
  readonly request: CsvTraceRequest;
  readonly zone: ZoneClock;
  columns: CsvColumns | undefined;
  readonly firstStampsMs: number[];
  readonly firstValues: number[];
  grid: Grid | undefined;
  inputStepMs: number;
  previousMs: number;
  rows: number;
  presentRows: number;
  largest: number;
}

/**
 * Reads a demand series from a CSV file (plain or gzip) in one pass and bounded memory.
 *
 * Missing rows and empty cells are gaps. Everything else that is not a number of 0 or more at a rising time is a
 * `UserError` with file, line, what and how to mend it.
 */
export async function readCsvTrace(request: CsvTraceRequest): Promise<CsvTrace> {
  const reading: Reading = {
    request,
    zone: createZoneClock(request.timeZone),
    columns: undefined,
    firstStampsMs: [],
    firstValues: [],
    grid: undefined,
    inputStepMs: 0,
    previousMs: Number.NEGATIVE_INFINITY,
    rows: 0,
    presentRows: 0,
    largest: 0,
  };
  const { path } = request;
  await readLines({
    path,
    maxLineBytes: MAX_LINE_BYTES,
    onLine: (line, number) => takeLine(reading, line, number),
    onLongLine: (number) => {
      throw inputError(path, number, "a line of over 64 KiB", "is this a CSV trace with a line per row?");
    },
  });
  return finish(reading);
}

function takeLine(reading: Reading, line: string, number: number): void {
  if (reading.columns === undefined) {
    if (line.trim() === "") return;
    reading.columns = readColumns(line, reading.request.path, {
      timeColumn: reading.request.timeColumn,
      valueColumn: reading.request.valueColumn,
    });
    if (reading.columns.hasHeader) return;
  }
  if (line !== "" && line.trim() !== "") takeRow(reading, reading.columns, line, number);
}

function takeRow(reading: Reading, columns: CsvColumns, line: string, number: number): void {
  const { path } = reading.request;
  const fields = splitFields(line, columns.delimiter);
  if (fields.length !== columns.fieldCount) {
    const what = `${fields.length} fields where the first line has ${columns.fieldCount}`;
    throw inputError(path, number, what, "mend the row");
  }
  const timeText = (fields[columns.timeIndex] ?? "").trim();
  const atMs = parseTimestamp(timeText, reading.zone, reading.previousMs);
  if (!(atMs > reading.previousMs)) throw wrongTime(reading, timeText, atMs, number);
  const value = readValue(fields[columns.valueIndex] ?? "", columns, path, number);
  reading.previousMs = atMs;
  reading.rows++;
  if (!Number.isNaN(value)) reading.presentRows++;
  if (value > reading.largest) reading.largest = value;
  if (reading.grid !== undefined) addRow(reading, reading.grid, atMs, value, number);
  else {
    reading.firstStampsMs.push(atMs);
    reading.firstValues.push(value);
    if (reading.firstStampsMs.length === ROWS_FOR_STEP) startGrid(reading);
  }
}

/** The cell's number; NaN for an empty cell, which is a gap. */
function readValue(cell: string, columns: CsvColumns, path: string, number: number): number {
  const text = cell.trim();
  if (text === "") return Number.NaN;
  const value = /^[+-]?[\d.]/.test(text) && !/[xob_]/i.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value !== Number.POSITIVE_INFINITY) return value;
  const what = `${quoted(text)} in column ${quoted(columns.valueName)} is not a number of 0 or more`;
  const comma = /^\d+,\d+$/.test(text)
    ? "write a decimal point"
    : "write digits, or leave the cell empty for a gap";
  throw inputError(path, number, what, comma);
}

function wrongTime(reading: Reading, text: string, atMs: number, number: number): Error {
  const { path } = reading.request;
  if (Number.isNaN(atMs)) {
    const fix = "write 2026-01-31T23:59:00Z, or epoch seconds or milliseconds";
    return inputError(path, number, `${quoted(text)} is not a time`, fix);
  }
  if (atMs === reading.previousMs) {
    return inputError(path, number, `${quoted(text)} is there twice`, "keep one row for each time");
  }
  const { timeZone } = reading.request;
  const zone = timeZone === "UTC" ? "" : `; a time without zone is read as ${timeZone}`;
  return inputError(path, number, `${quoted(text)} is before the row above`, `sort the rows by time${zone}`);
}

function startGrid(reading: Reading): void {
  const [firstMs] = reading.firstStampsMs;
  const inputStepMs = inferStep(reading.firstStampsMs);
  if (firstMs === undefined || inputStepMs === undefined) return;
  reading.inputStepMs = inputStepMs;
  const grid = createGrid(reading.request.stepMs ?? inputStepMs, firstMs);
  reading.grid = grid;
  reading.firstStampsMs.forEach((atMs, i) => {
    addRow(reading, grid, atMs, reading.firstValues[i] ?? Number.NaN, undefined);
  });
}

function addRow(reading: Reading, grid: Grid, atMs: number, value: number, number: number | undefined): void {
  if (addSample(grid, atMs, value)) return;
  const what = `is too far from the first row for a grid of ${formatDuration(grid.stepMs)}`;
  throw inputError(reading.request.path, number, what, "check the time, or choose a longer step");
}

function finish(reading: Reading): CsvTrace {
  const { path, scale = 1 } = reading.request;
  if (reading.columns === undefined) {
    throw inputError(path, undefined, "is empty", "write a header timestamp,value and a row for each step");
  }
  if (reading.rows === 0) {
    throw inputError(path, undefined, "has a header but no rows", "add a row for each step");
  }
  if (reading.grid === undefined) startGrid(reading);
  if (reading.grid === undefined || reading.presentRows === 0) {
    const what = reading.rows === 1 ? "has only one row" : "has no value in any row";
    throw inputError(path, undefined, what, "a series needs at least two rows with values");
  }
  const series = gridSeries(reading.grid, reading.inputStepMs, scale);
  const { rows, inputStepMs } = reading;
  return { series, inputStepMs, rows, warnings: warningsOf(reading, series) };
}

function warningsOf(reading: Reading, series: DemandSeries): readonly string[] {
  const { path } = reading.request;
  const step = formatDuration(series.stepMs);
  const gaps = gapFraction(series);
  const warnings: string[] = [];
  if (gaps > 0.3) warnings.push(`${path}: ${Math.round(100 * gaps)} % of the ${step} steps are gaps`);
  if (reading.largest === 0) warnings.push(`${path}: every value is 0 (is it the right column?)`);
  if (reading.inputStepMs > series.stepMs) {
    const input = formatDuration(reading.inputStepMs);
    warnings.push(`${path}: rows are ${input} apart, coarser than ${step}: each value is held for ${input}`);
  }
  return warnings;
}
