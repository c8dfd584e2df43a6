import type { DemandSeries } from "../model/series.ts";
import { durationMs, epochMs, formatDuration } from "../model/time.ts";
import { createLogLineReader, type LoggedRequest } from "./access-log-line.ts";
import { countEndpoint, type EndpointCount, topEndpoints } from "./endpoint-counts.ts";
import { inputError, quoted } from "./input-error.ts";
import { readLines } from "./line-reader.ts";
import { countLatency, type LatencySteps } from "./log-latency.ts";

export interface AccessLogRequest {
  readonly path: string;
  readonly stepMs: number;
  /** Requests/s of the log times this are the demand. */
  readonly scale?: number;
}

export interface AccessLog {
  /** Requests/s. */
  readonly series: DemandSeries;
  readonly endpoints: readonly EndpointCount[];
  /** Response times by grid step, where the lines have any. */
  readonly latencies: LatencySteps;
  readonly lines: {
    readonly counted: number;
    readonly unparsable: number;
    /** Over 64 KiB. */
    readonly tooLong: number;
    /** More than an hour before a line above them. */
    readonly late: number;
  };
  readonly warnings: readonly string[];
}

const MAX_LINE_BYTES = 64 * 1024;
/** Over five years of minutes; in memory at most 200 MB. */
const MAX_LOG_STEPS = 3_000_000;
const HOUR_MS = 3_600_000;
/** A log says nothing of silence; so long without a request, against the mean between two, is no zero demand. */
const SILENT_INTERVALS = 20;
const SILENT_STEPS = 3;

interface Counting {
  readonly read: (line: string) => LoggedRequest | undefined;
  readonly stepMs: number;
  readonly counts: Map<number, number>;
  readonly endpoints: Map<string, number>;
  readonly latencies: LatencySteps;
  firstMs: number;
  lastMs: number;
  counted: number;
  unparsable: number;
  tooLong: number;
  late: number;
  firstUnparsable: { readonly line: string; readonly number: number } | undefined;
}

/**
 * Demand from an access log (common, combined or JSON lines; plain or gzip): requests per grid step over its
 * seconds. Order does not matter; stamps carry their zone (a JSON stamp without one is UTC). Only steps that the
 * log covers whole are given: it begins and ends in the midst of one.
 *
 * A step without a line is zero demand, but in a silence of more than 3 steps and 20 times the mean time between
 * two requests it is a **gap**: the log is missing there, or the service was. Throws a `UserError` of one line.
 */
export async function readAccessLog(request: AccessLogRequest): Promise<AccessLog> {
  const { path, stepMs, scale = 1 } = request;
  const counting: Counting = {
    read: createLogLineReader(),
    stepMs,
    counts: new Map(),
    endpoints: new Map(),
    latencies: new Map(),
    firstMs: Number.POSITIVE_INFINITY,
    lastMs: Number.NEGATIVE_INFINITY,
    counted: 0,
    unparsable: 0,
    tooLong: 0,
    late: 0,
    firstUnparsable: undefined,
  };
  const lines = await readLines({
    path,
    maxLineBytes: MAX_LINE_BYTES,
    onLine: (line, number) => countLine(counting, line, number),
    onLongLine: () => {
      counting.tooLong++;
    },
  });
  if (counting.counted === 0) throw nothingRead(path, lines, counting);
  const series = seriesOf(path, counting, scale);
  const { counted, unparsable, tooLong, late } = counting;
  return {
    series,
    endpoints: topEndpoints(counting.endpoints),
    latencies: counting.latencies,
    lines: { counted, unparsable, tooLong, late },
    warnings: warningsOf(path, counting, series),
  };
}

function countLine(counting: Counting, line: string, number: number): void {
  const request = counting.read(line);
  if (request === undefined) {
    if (line.trim() === "") return;
    counting.unparsable++;
    counting.firstUnparsable ??= { line: withoutAddress(line.slice(0, 200)), number };
    return;
  }
  const { atMs, endpoint, latencyMs } = request;
  counting.counted++;
  if (atMs < counting.lastMs - HOUR_MS) counting.late++;
  if (atMs < counting.firstMs) counting.firstMs = atMs;
  if (atMs > counting.lastMs) counting.lastMs = atMs;
  const step = Math.floor(atMs / counting.stepMs);
  // Beyond the bound the log is refused in the end; until then nothing more is kept of it.
  if (counting.counts.size > MAX_LOG_STEPS) return;
  counting.counts.set(step, (counting.counts.get(step) ?? 0) + 1);
  countEndpoint(counting.endpoints, endpoint);
  if (latencyMs !== undefined) countLatency(counting.latencies, step, latencyMs);
}

/** A line that is nearly a request begins with the client's address: that is never shown. */
function withoutAddress(line: string): string {
  return line
    .replace(/^\S+ /, "")
    .replaceAll(/(?:\d{1,3}\.){3}\d{1,3}|[\da-f]*(?::[\da-f]*){3,}/gi, "ADDRESS");
}

function nothingRead(path: string, lines: number, counting: Counting): Error {
  const first = counting.firstUnparsable;
  if (lines === 0) return inputError(path, undefined, "is empty", "give a log with requests");
  if (first === undefined) {
    const what = counting.tooLong > 0 ? "has only lines of over 64 KiB" : "has only blank lines";
    return inputError(path, 1, what, "give a log with a line per request");
  }
  const fix = "write common or combined log format, or JSON lines with time and path";
  return inputError(path, first.number, `no line is a request, the first is ${quoted(first.line)}`, fix);
}

function seriesOf(path: string, counting: Counting, scale: number): DemandSeries {
  const { stepMs, counts, firstMs, lastMs } = counting;
  // A tenth of a step without a request at either end is taken for covered.
  const first = Math.ceil((firstMs - stepMs / 10) / stepMs);
  const end = Math.floor((lastMs + 1000 + stepMs / 10) / stepMs);
  const step = formatDuration(stepMs);
  if (end - first > MAX_LOG_STEPS) {
    const what = `spans ${end - first} steps of ${step}`;
    throw inputError(path, undefined, what, "is a time stamp wrong? or choose a longer step");
  }
  if (end - first < 2) {
    const covered = formatDuration(Math.max(1000, lastMs - firstMs));
    throw inputError(
      path,
      undefined,
      `covers ${covered}, not two whole steps of ${step}`,
      "give a longer log",
    );
  }
  const values = new Float64Array(end - first);
  for (let i = 0; i < values.length; i++) values[i] = ((counts.get(first + i) ?? 0) * scale * 1000) / stepMs;
  markSilence(values, counting);
  return { startMs: epochMs(first * stepMs), stepMs: durationMs(stepMs), values };
}

/** Turns the zeros of long silences into gaps. */
function markSilence(values: Float64Array, counting: Counting): void {
  const meanIntervalMs = (counting.lastMs - counting.firstMs) / counting.counted;
  const limit = Math.max(SILENT_STEPS, (SILENT_INTERVALS * meanIntervalMs) / counting.stepMs);
  let from = 0;
  for (let i = 0; i <= values.length; i++) {
    if (i < values.length && values[i] === 0) continue;
    if (i - from > limit) values.fill(Number.NaN, from, i);
    from = i + 1;
  }
}

function warningsOf(path: string, counting: Counting, series: DemandSeries): readonly string[] {
  const warnings: string[] = [];
  const { firstUnparsable: first, unparsable, tooLong, late } = counting;
  if (first !== undefined) {
    warnings.push(
      `${path}:${first.number}: ${unparsable} lines are no requests, the first is ${quoted(first.line)}`,
    );
  }
  if (tooLong > 0) warnings.push(`${path}: ${tooLong} lines of over 64 KiB were left out`);
  if (late > 0)
    warnings.push(`${path}: ${late} lines are over 1h before one above them (files in the wrong order?)`);
  const gaps = series.values.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0);
  if (gaps > 0.3 * series.values.length) {
    warnings.push(
      `${path}: ${Math.round((100 * gaps) / series.values.length)} % of the steps are gaps (long silence)`,
    );
  }
  return warnings;
}
