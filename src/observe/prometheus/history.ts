import { queryAtStep, queryWarnings } from "../../model/promql.ts";
import type { DemandSeries } from "../../model/series.ts";
import type { PrometheusSettings } from "../../model/settings.ts";
import { type DurationMs, epochMs, formatDuration } from "../../model/time.ts";
import { UserError } from "../../model/user-error.ts";
import { readAddress } from "./address.ts";
import { type Api, type ApiRequest, createApi } from "./api.ts";
import { type RangeResult, type ReadFailure, readRuns } from "./range-read.ts";
import { movedTo, noParts, runsToAsk, type StepParts, summed } from "./step-parts.ts";

/** What stays the same over all reads of one query. */
export interface QueryRequest {
  readonly prometheus: PrometheusSettings;
  readonly stepMs: DurationMs;
  /** Numbers of the query times this are demand. */
  readonly scale: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: ApiRequest["clock"];
  /** Jitter of waits, 0 to 1. */
  readonly random: () => number;
  readonly wallNowMs: () => number;
  /** Setting or flag that holds the address, for messages. */
  readonly addressName?: string;
}

export interface HistoryRequest extends QueryRequest {
  /** The last whole step ends at or before this instant. */
  readonly nowMs: number;
  readonly historyMs: number;
  /** No data at all is no error: the series is empty. */
  readonly mayBeEmpty?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (doneSteps: number, totalSteps: number) => void;
}

/**
 * Demand of a query over `historyMs` up to `nowMs`, read once: all of it, or a `UserError` of one line (exit 1 when
 * it may work later, else 2). It begins with the first sample; steps without one are gaps.
 */
export async function readPrometheusHistory(
  request: HistoryRequest,
): Promise<{ readonly series: DemandSeries; readonly warnings: readonly string[] }> {
  const { stepMs, historyMs, wallNowMs } = request;
  const api = apiOf(request);
  try {
    await api.prepare();
    const { firstStep, count } = windowAt(request, request.nowMs, historyMs);
    const known = movedTo(noParts(stepMs), firstStep, count);
    const result = await readRuns(api, rangeRead(request), { known, runs: runsToAsk(known, 0), wallNowMs });
    if (result.failure !== undefined) throw failed(result.failure);
    const series = seriesOf(result.known, request.scale);
    if (series === undefined && request.mayBeEmpty !== true) throw nothingFound(api.name, request, historyMs);
    return {
      series: series ?? emptySeries(known),
      warnings: [...standingWarnings(request), ...saidAside(api.name, result)],
    };
  } finally {
    api.close();
  }
}

export function emptySeries({ firstStep, count, stepMs }: StepParts): DemandSeries {
  const startMs = epochMs((firstStep + count) * stepMs);
  return { startMs, stepMs: stepMs as DurationMs, values: new Float64Array(0) };
}

export function apiOf(request: QueryRequest): Api {
  const { url, connection } = request.prometheus;
  return createApi({
    ...request,
    address: readAddress(url, request.addressName ?? "demand.url"),
    connection,
  });
}

/** The steps that a read at `nowMs` is about. */
export function windowAt(
  { prometheus, stepMs }: Pick<QueryRequest, "prometheus" | "stepMs">,
  nowMs: number,
  historyMs: number,
): { readonly firstStep: number; readonly count: number } {
  const count = Math.max(0, Math.floor(historyMs / stepMs));
  return { firstStep: Math.floor((nowMs - prometheus.delayMs) / stepMs) - count, count };
}

export function rangeRead(request: QueryRequest & Partial<Pick<HistoryRequest, "signal" | "onProgress">>) {
  const { prometheus, stepMs, clock, signal, onProgress } = request;
  const { query, aggregate, partial, connection } = prometheus;
  const deadlineMs = clock.monotonicMs() + connection.deadlineMs;
  return { query: queryAtStep(query, stepMs), aggregate, partial, deadlineMs, signal, onProgress };
}

/** From the first sample on; undefined when there is none. */
export function seriesOf(known: StepParts, scale: number): DemandSeries | undefined {
  const values = summed(known);
  const first = values.findIndex((value) => !Number.isNaN(value));
  if (first < 0) return undefined;
  const startMs = epochMs((known.firstStep + first) * known.stepMs);
  const stepMs = known.stepMs as DurationMs;
  return { startMs, stepMs, values: values.subarray(first).map((value) => value * scale) };
}

export function failed({ kind, line }: ReadFailure): UserError {
  return new UserError(line, kind === "unreachable" ? 1 : 2);
}

export function nothingFound(name: string, { prometheus }: QueryRequest, historyMs: number): UserError {
  return new UserError(
    `${name}: the query ${prometheus.query} has no data in the last ${formatDuration(historyMs)} ` +
      "(check metric and labels; `tiercast init --prometheus URL` lists queries that have some)",
  );
}

/** What is odd about the query itself. */
export function standingWarnings({ prometheus, stepMs, scale }: QueryRequest): readonly string[] {
  const found = queryWarnings(prometheus.query, stepMs);
  return scale === 1 ? found : found.filter((line) => !line.startsWith("increase()"));
}

const WORTH_SAYING_MS = 30_000;

/** What the server said, and clocks that differ. */
export function saidAside(name: string, { warnings, skewMs = 0 }: RangeResult): readonly string[] {
  if (Math.abs(skewMs) < WORTH_SAYING_MS) return warnings;
  const size = formatDuration(Math.round(Math.abs(skewMs) / WORTH_SAYING_MS) * WORTH_SAYING_MS);
  const side = skewMs < 0 ? "behind" : "ahead of";
  return [
    ...warnings,
    `${name}: its clock is about ${size} ${side} this machine's: set both (NTP); steps follow its clock`,
  ];
}
