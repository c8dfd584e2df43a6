import { type DurationMs, durationMs, formatDuration, HOUR_MS, MINUTE_MS } from "../../model/time.ts";
import { UserError } from "../../model/user-error.ts";
import { readAddress } from "./address.ts";
import { type Api, type ApiRequest, createApi } from "./api.ts";
import { readRangeAnswer } from "./range-answer.ts";
import {
  type DemandKind,
  demandQuery,
  USUAL_METRICS,
  type UsualMetric,
  withMatcher,
} from "./usual-queries.ts";
import type { Answer } from "./verdict.ts";

export interface DiscoverRequest extends Omit<ApiRequest, "address"> {
  readonly url: string;
  /** Grid that is wanted; it is raised where samples are too rare for it. */
  readonly stepMs: DurationMs;
  readonly nowMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A query that has data, with what it gave in the last hour. */
export interface Proposal {
  readonly what: string;
  readonly kind: DemandKind;
  readonly query: string;
  /** The label that names the service; undefined: all services together. */
  readonly label: { readonly name: string; readonly value: string } | undefined;
  /** The range of a rate is one step, and a step holds at least four samples. */
  readonly stepMs: DurationMs;
  readonly scrapeMs: DurationMs;
  /** Demand every five minutes (or step), oldest first; NaN: a gap. */
  readonly recent: readonly number[];
}

/** Services shown of one metric: those with the most demand. */
const MOST_SERVICES = 10;
const MOST_SERIES = 20_000;
const LOOK_BACK_MS = HOUR_MS;
const STEPS_MS = [1, 2, 5, 10, 15, 30, 60].map((minutes) => minutes * MINUTE_MS);

/** Usual demand queries that have data on a server. A `UserError` when it cannot be asked. */
export async function discoverQueries(request: DiscoverRequest): Promise<readonly Proposal[]> {
  const api = createApi({ ...request, address: readAddress(request.url, "--prometheus") });
  const deadlineMs = request.clock.monotonicMs() + request.connection.deadlineMs;
  const ask: Ask = async (path, parameters) => {
    const end = await api.get(path, parameters, { deadlineMs, canSplit: false, signal: request.signal });
    if (end.kind === "answer") return end;
    throw new UserError(end.line, end.kind === "unreachable" ? 1 : 2);
  };
  try {
    await api.prepare();
    const names = await namesThere(ask, request.nowMs);
    const found: Proposal[] = [];
    for (const usual of USUAL_METRICS)
      if (names.has(usual.metric)) found.push(...(await proposalsOf(api, ask, usual, request)));
    return found;
  } finally {
    api.close();
  }
}

type Ask = (path: string, parameters: Readonly<Record<string, string>>) => Promise<Answer>;

/** Which of the usual metrics had samples in the last hour. */
async function namesThere(ask: Ask, nowMs: number): Promise<ReadonlySet<unknown>> {
  const { data } = await ask("label/__name__/values", {
    "match[]": `{__name__=~"${USUAL_METRICS.map(({ metric }) => metric).join("|")}"}`,
    start: String(Math.floor((nowMs - LOOK_BACK_MS) / 1000)),
    end: String(Math.ceil(nowMs / 1000)),
  });
  return new Set(Array.isArray(data) ? data : []);
}

async function proposalsOf(
  api: Api,
  ask: Ask,
  usual: UsualMetric,
  { stepMs: wantedMs, nowMs }: DiscoverRequest,
): Promise<readonly Proposal[]> {
  const selector = usual.matchers === "" ? usual.metric : `${usual.metric}{${usual.matchers}}`;
  const label = await labelThere(ask, usual, selector);
  const scrapeMs = await scrapeInterval(ask, selector);
  if (scrapeMs === undefined) return [];
  const stepMs = fittingStep(wantedMs, scrapeMs);
  const window = formatDuration(stepMs);
  const shownMs = Math.max(stepMs, 5 * MINUTE_MS);
  const run = { first: Math.floor((nowMs - LOOK_BACK_MS) / shownMs), end: Math.floor(nowMs / shownMs) };
  const { data } = await ask("query_range", {
    query: demandQuery(usual, usual.matchers, { window, by: label }),
    start: String(((run.first + 1) * shownMs) / 1000),
    end: String((run.end * shownMs) / 1000),
    step: String(shownMs / 1000),
  });
  const answer = readRangeAnswer(data, run, shownMs, MOST_SERIES);
  if (answer.kind === "malformed") throw new UserError(`${api.name}: ${answer.what}`);
  const shared = { what: usual.what, kind: usual.kind, stepMs, scrapeMs };
  const proposal = (matchers: string, one: Proposal["label"], recent: readonly number[]): Proposal => ({
    ...shared,
    query: demandQuery(usual, matchers, { window }),
    label: one,
    recent,
  });
  if (label === undefined)
    return [...answer.parts.values()].map((values) => proposal(usual.matchers, undefined, [...values]));
  const services = largest(answer.parts, label);
  const each = services.map(({ value, recent }) =>
    proposal(withMatcher(usual.matchers, label, value), { name: label, value }, recent),
  );
  const wantsAll = services.length > 1 && usual.kind === "requests";
  return wantsAll ? [proposal(usual.matchers, undefined, totals([...answer.parts.values()])), ...each] : each;
}

/** The first of the labels that has a value on some series. */
async function labelThere(ask: Ask, { labels }: UsualMetric, selector: string): Promise<string | undefined> {
  const { data } = await ask("query", { query: `group by (${labels.join(", ")}) (${selector})` });
  const metrics = vectorOf(data).map(({ metric }) => metric);
  return labels.find((label) => metrics.some((metric) => (metric[label] ?? "") !== ""));
}

/** From the most samples a series has in an hour; undefined when it has fewer than two. */
async function scrapeInterval(ask: Ask, selector: string): Promise<DurationMs | undefined> {
  const { data } = await ask("query", {
    query: `max(max_over_time(count_over_time(${selector}[10m])[1h:10m]))`,
  });
  const count = Number(vectorOf(data)[0]?.text ?? 0);
  return count < 2 ? undefined : durationMs(Math.round(600 / count) * 1000 || 1000);
}

/** The step wanted, or the next usual one that four samples fit in: `rate` needs two, and some may be lost. */
function fittingStep(wantedMs: DurationMs, scrapeMs: number): DurationMs {
  if (wantedMs >= 4 * scrapeMs) return wantedMs;
  return durationMs(STEPS_MS.find((stepMs) => stepMs >= 4 * scrapeMs) ?? HOUR_MS);
}

interface NamedDemand {
  readonly value: string;
  readonly recent: readonly number[];
}

/** The services with the most demand, by name: their numbers stay the same while demand moves. */
function largest(parts: ReadonlyMap<string, Float64Array>, label: string): readonly NamedDemand[] {
  const services = [...parts].flatMap(([key, values]) => {
    const value = valueIn(key, label);
    return value === "" ? [] : [{ value, recent: [...values], mean: meanOf(values) }];
  });
  const busy = services.some(({ mean }) => mean > 0) ? services.filter(({ mean }) => mean > 0) : services;
  const first = busy.sort((a, b) => b.mean - a.mean).slice(0, MOST_SERVICES);
  return first.sort((a, b) => (a.value < b.value ? -1 : 1)).map(({ value, recent }) => ({ value, recent }));
}

/** `{service="shop"}` is `shop`. */
function valueIn(key: string, label: string): string {
  const text = key.slice(label.length + 2, -1);
  return text === "" ? "" : String(JSON.parse(text));
}

function meanOf(values: Float64Array): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function totals(parts: readonly Float64Array[]): readonly number[] {
  return Array.from(parts[0] ?? [], (_, i) => {
    const known = parts.map((values) => values[i] ?? Number.NaN).filter((value) => !Number.isNaN(value));
    return known.length === 0 ? Number.NaN : known.reduce((sum, value) => sum + value, 0);
  });
}

interface VectorSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly text: string;
}

/** What cannot be read is left out. */
function vectorOf(data: unknown): readonly VectorSample[] {
  const { result } = (data ?? {}) as { readonly result?: unknown };
  if (!Array.isArray(result)) return [];
  return result.flatMap((one: unknown) => {
    const { metric, value } = (one ?? {}) as { readonly metric?: unknown; readonly value?: unknown };
    const text: unknown = Array.isArray(value) ? value[1] : undefined;
    if (typeof metric !== "object" || metric === null || typeof text !== "string") return [];
    return [{ metric: metric as Readonly<Record<string, string>>, text }];
  });
}
