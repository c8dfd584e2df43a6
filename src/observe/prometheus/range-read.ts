import { formatDuration } from "../../model/time.ts";
import type { Api, ApiEnd } from "./api.ts";
import { readRangeAnswer } from "./range-answer.ts";
import { type StepParts, type StepRun, withAnswer } from "./step-parts.ts";
import type { Answer } from "./verdict.ts";

export interface RangeRead {
  readonly query: string;
  /** `none`: a second series is an error. */
  readonly aggregate: "none" | "sum";
  /** An answer that the store calls partial is not taken, or taken all the same. */
  readonly partial: "gap" | "keep";
  /** On the monotonic clock. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((doneSteps: number, totalSteps: number) => void) | undefined;
}

export interface ReadFailure {
  /** Again may work (`unreachable`) or not (`refused`); `several`: nothing says which series is demand. */
  readonly kind: "refused" | "unreachable" | "several";
  readonly line: string;
}

export interface RangeResult {
  readonly known: StepParts;
  /** Why reading stopped early; undefined: all runs are read. */
  readonly failure: ReadFailure | undefined;
  /** A line each, none twice. */
  readonly warnings: readonly string[];
  /** The server's clock minus this machine's, as of the last answer. */
  readonly skewMs: number | undefined;
}

/** Prometheus refuses more than 11,000 points of a series in one answer. */
const MAX_POINTS = 10_000;
/** A query over years would load all samples of them at once, on the server. */
const MAX_SPAN_MS = 7 * 86_400_000;
/** Fewer steps are not split further. */
const LEAST_POINTS = 16;

/**
 * Asks for `runs` (newest first) in pieces of at most 10,000 steps and a week, and halves a piece that is too large
 * for the server. What was read stays read when a later piece fails.
 */
export async function readRuns(
  api: Api,
  request: RangeRead,
  {
    known,
    runs,
    wallNowMs,
  }: {
    readonly known: StepParts;
    readonly runs: readonly StepRun[];
    readonly wallNowMs: () => number;
  },
): Promise<RangeResult> {
  const pieces = runs.flatMap((run) => piecesOf(run, known.stepMs)).reverse();
  const total = pieces.reduce((sum, piece) => sum + sizeOf(piece), 0);
  const reading: Reading = { api, request, known, warnings: new Set(), skewMs: undefined };
  let done = 0;
  let failure: ReadFailure | undefined;
  for (let piece = pieces.pop(); piece !== undefined && failure === undefined; piece = pieces.pop()) {
    const canSplit = sizeOf(piece) > LEAST_POINTS;
    const end = await ask(api, request, piece, { stepMs: known.stepMs, canSplit });
    if (end.kind === "too-large" && canSplit) {
      pieces.push(...halves(piece));
      continue;
    }
    if (end.kind === "answer") failure = take(reading, piece, end, wallNowMs);
    else failure = { kind: end.kind === "unreachable" ? "unreachable" : "refused", line: end.line };
    done += sizeOf(piece);
    if (failure === undefined) request.onProgress?.(done, total);
  }
  return { known: reading.known, failure, warnings: [...reading.warnings], skewMs: reading.skewMs };
}

/** What grows while pieces come in. */
interface Reading {
  readonly api: Api;
  readonly request: RangeRead;
  known: StepParts;
  readonly warnings: Set<string>;
  skewMs: number | undefined;
}

/** Takes one answer in; what is wrong with it, if something is. */
function take(
  reading: Reading,
  piece: StepRun,
  end: Answer,
  wallNowMs: () => number,
): ReadFailure | undefined {
  const { request, warnings } = reading;
  const { name } = reading.api;
  for (const line of end.warnings) warnings.add(`${name}: ${line}`);
  if (end.serverMs !== undefined) reading.skewMs = end.serverMs + 500 - wallNowMs();
  const answer = readRangeAnswer(end.data, piece, reading.known.stepMs);
  if (answer.kind === "malformed") return { kind: "refused", line: `${name}: ${answer.what}` };
  if (answer.negative > 0) warnings.add(`${name}: values below zero are gaps`);
  if (end.isPartial && request.partial === "gap") {
    warnings.add(`${name}: ${PARTIAL}`);
    return undefined;
  }
  reading.known = taken(reading.known, piece, answer.parts, end.serverMs);
  const labels = [...reading.known.parts.keys()];
  if (labels.length < 2 || request.aggregate === "sum") return undefined;
  return { kind: "several", line: `${name}: ${severalSeries(labels)}` };
}

function sizeOf({ first, end }: StepRun): number {
  return end - first;
}

/** The newer one last, as the last piece is asked for first. */
function halves({ first, end }: StepRun): readonly StepRun[] {
  const middle = first + Math.floor((end - first) / 2);
  return [
    { first, end: middle },
    { first: middle, end },
  ];
}

const PARTIAL =
  "the answer is partial, its sums may be too low: those steps are gaps (`partial: keep` takes them all the same)";

/** At most three label sets are named. */
function severalSeries(labels: readonly string[]): string {
  const named = labels.slice(0, 3).map((each) => (each.length > 120 ? `${each.slice(0, 117)}...` : each));
  const more = labels.length > 3 ? " ..." : "";
  return (
    `the query gives ${labels.length} series where one is due: ${named.join(" ")}${more} ` +
    "(write sum(...) around it, pick one by its labels, or set aggregate: sum)"
  );
}

/** The steps that had ended on the server's clock; a rate into its future would be too low. */
function taken(
  known: StepParts,
  piece: StepRun,
  parts: ReadonlyMap<string, Float64Array>,
  serverMs: number | undefined,
): StepParts {
  // The header has whole seconds: up to one more may have passed.
  const ended = serverMs === undefined ? piece.end : Math.floor((serverMs + 1000) / known.stepMs);
  if (ended >= piece.end) return withAnswer(known, piece, parts);
  if (ended <= piece.first) return known;
  const count = ended - piece.first;
  const shorter = new Map([...parts].map(([key, values]) => [key, values.subarray(0, count)]));
  return withAnswer(known, { first: piece.first, end: ended }, shorter);
}

function ask(
  api: Api,
  request: RangeRead,
  { first, end }: StepRun,
  { stepMs, canSplit }: { readonly stepMs: number; readonly canSplit: boolean },
): Promise<ApiEnd> {
  const parameters = {
    query: request.query,
    // The value at its end stands for a step.
    start: seconds((first + 1) * stepMs),
    end: seconds(end * stepMs),
    step: seconds(stepMs),
    // A sample older than a step is none: without this the last one would be shown for five minutes.
    lookback_delta: formatDuration(stepMs),
    // Rather an error than a sum without some of the stores (Thanos, VictoriaMetrics).
    ...(request.partial === "gap" && { partial_response: "false", deny_partial_response: "1" }),
  };
  const { deadlineMs, signal } = request;
  return api.get("query_range", parameters, { deadlineMs, canSplit, signal });
}

/** Newest first. */
function piecesOf({ first, end }: StepRun, stepMs: number): readonly StepRun[] {
  const most = Math.max(1, Math.min(MAX_POINTS, Math.floor(MAX_SPAN_MS / stepMs)));
  const pieces: StepRun[] = [];
  for (let to = end; to > first; to -= most) pieces.push({ first: Math.max(first, to - most), end: to });
  return pieces;
}

/** Exact to the millisecond, without an exponent. */
function seconds(ms: number): string {
  return (ms / 1000).toFixed(3).replace(/\.?0+$/, "");
}
