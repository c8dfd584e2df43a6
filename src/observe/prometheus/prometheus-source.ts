import type { DemandSource } from "../../model/ports.ts";
import { type DemandSeries, endMs } from "../../model/series.ts";
import type { Api } from "./api.ts";
import {
  apiOf,
  emptySeries,
  failed,
  nothingFound,
  type QueryRequest,
  rangeRead,
  saidAside,
  seriesOf,
  standingWarnings,
  windowAt,
} from "./history.ts";
import { readRuns } from "./range-read.ts";
import { movedTo, noParts, runsToAsk, type StepParts } from "./step-parts.ts";

export interface PrometheusSourceRequest extends QueryRequest {
  /** While demand is no older than this, a server that does not answer is bridged by what is known. */
  readonly staleAfterMs: number;
  /** Told each line once for as long as it keeps coming. */
  onWarning?(line: string): void;
}

/** Samples that came late (remote write, several servers) change steps of the last minutes. */
const ASK_AGAIN_MS = 600_000;
/** Gaps at the end are asked for again, as far back as this. */
const LATE_MS = 86_400_000;

interface State {
  known: StepParts;
  saidBefore: ReadonlySet<string>;
}

/**
 * Demand from a query of Prometheus or of a store with its API.
 *
 * The first read takes the whole history, newest steps first; later ones the new steps, those that were not read
 * yet, the last ten minutes, and gaps at the end, a day back. A server that cannot be reached leaves gaps; when
 * demand is older than `staleAfterMs` the read rejects with why.
 */
export function createPrometheusSource(request: PrometheusSourceRequest): DemandSource {
  const api = apiOf(request);
  const state: State = { known: noParts(request.stepMs), saidBefore: new Set() };
  const closing = new AbortController();
  let last: Promise<unknown> = Promise.resolve();
  return {
    name: api.name,
    // One read at a time: two would both ask for the same steps.
    read: (nowMs, historyMs) => {
      const next = last.then(() =>
        readOnce(api, request, state, { nowMs, historyMs, signal: closing.signal }),
      );
      last = next.catch(() => undefined);
      return next;
    },
    close: async () => {
      closing.abort(new Error(`${api.name}: closed`));
      await last;
      api.close();
    },
  };
}

async function readOnce(
  api: Api,
  request: PrometheusSourceRequest,
  state: State,
  {
    nowMs,
    historyMs,
    signal,
  }: { readonly nowMs: number; readonly historyMs: number; readonly signal: AbortSignal },
): Promise<DemandSeries> {
  const { stepMs, scale, wallNowMs } = request;
  const { firstStep, count } = windowAt(request, nowMs, historyMs);
  if (count === 0) return emptySeries(movedTo(noParts(stepMs), firstStep, 0));
  await api.prepare();
  state.known = movedTo(state.known, firstStep, count);
  const runs = runsToAsk(state.known, stepsAgain(state.known));
  const result = await readRuns(
    api,
    { ...rangeRead(request), signal },
    { known: state.known, runs, wallNowMs },
  );
  state.known = result.known;
  const series = seriesOf(result.known, scale);
  const isFresh = series !== undefined && nowMs - lastKnownMs(series) <= request.staleAfterMs;
  const { failure } = result;
  if (failure !== undefined && (!isFresh || failure.kind === "several")) throw failed(failure);
  say(request, state, [
    ...standingWarnings(request),
    ...saidAside(api.name, result),
    ...(failure === undefined ? [] : [failure.line]),
  ]);
  if (series !== undefined) return series;
  // A store that is being filled, or a query whose metric is yet to come: all of it is asked for again.
  state.known = noParts(stepMs);
  throw nothingFound(api.name, request, historyMs);
}

/** How many of the newest steps are asked for again. */
function stepsAgain({ stepMs, count, parts, asked }: StepParts): number {
  const usual = Math.ceil(ASK_AGAIN_MS / stepMs);
  const neverAsked = asked.length - 1 - asked.lastIndexOf(1);
  let gaps = 0;
  const isGap = (i: number): boolean => [...parts.values()].every((values) => Number.isNaN(values[i]));
  while (gaps < count && gaps * stepMs < LATE_MS && isGap(count - 1 - gaps)) gaps++;
  // The ten minutes before what is new, not the ten minutes it may cover itself.
  return Math.max(neverAsked + usual, gaps + 1);
}

function lastKnownMs(series: DemandSeries): number {
  const last = series.values.findLastIndex((value) => !Number.isNaN(value));
  return endMs(series) - (series.values.length - 1 - last) * series.stepMs;
}

/** A line that came with the read before is not said again; one that was gone and comes back is. */
function say(request: PrometheusSourceRequest, state: State, lines: readonly string[]): void {
  for (const line of lines) if (!state.saidBefore.has(line)) request.onWarning?.(line);
  state.saidBefore = new Set(lines);
}
