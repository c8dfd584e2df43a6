import { fstatSync } from "node:fs";
import { access } from "node:fs/promises";
import { parseDurationSetting, processEnvironment } from "../config.ts";
import { createForecastEngine } from "../forecast/engine/engine.ts";
import type { ForecastEngine } from "../model/ports.ts";
import { type DemandSeries, endMs, sliceSeries } from "../model/series.ts";
import type { Settings } from "../model/settings.ts";
import {
  DAY_MS,
  type DurationMs,
  durationMs,
  epochMs,
  HOUR_MS,
  MINUTE_MS,
  shortDuration,
} from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";
import { eventsOption } from "./events-option.ts";
import { EXIT } from "./exit-codes.ts";
import { figure } from "./figures.ts";
import { parseInstant } from "./instant-option.ts";
import { isoTime } from "./instants.ts";
import { allMembers, membersOption } from "./members-option.ts";
import { textOption } from "./options.ts";
import { type Input, readInput } from "./read-input.ts";
import { readSource } from "./read-source.ts";
import { wallTimeMs } from "./wall-time.ts";
import { withWired } from "./wired.ts";

type Answer = Awaited<ReturnType<ForecastEngine["forecast"]>>;

/** A forecast and all that is said about where it comes from. */
export interface Subject extends Answer {
  /** null for a file on the command line. */
  readonly service: string | null;
  readonly source: string;
  readonly timeZone: string;
  /** What was known at the cutoff. */
  readonly history: DemandSeries;
  readonly horizonsMs: readonly number[];
  /** A line each. */
  readonly warnings: readonly string[];
}

/** A forecast has at most so many steps: past it a grid or a horizon is a mistake. */
const MOST_STEPS = 20_000;
const STANDARD_HORIZON_MS = DAY_MS;
/** Horizons that are shown of a longer forecast, beside its first step and its end. */
const SHOWN_HORIZONS_MS: readonly number[] = [5 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS, 7 * DAY_MS];
/** Learning from a file on the command line: the shipped settings. */
export const FILE_SETTINGS = { trainMs: durationMs(28 * DAY_MS), refitMs: HOUR_MS, capFactor: 3 } as const;

/** Forecasts FILE, standard input, or the configured source; `use` is called before anything is closed. */
export async function withSubject(
  call: CommandCall,
  use: (subject: Subject) => Promise<number>,
): Promise<number> {
  const members = membersOption(call);
  const input = await readSource(call, { lastMs: lastOption(call) });
  if (input !== undefined) return use(await subjectOfInput(call, input, members));
  if (await isStdinMeant(call)) {
    const subject = await subjectOfStdin(call, members).catch((error: unknown) => {
      throw error instanceof UserError ? new UserError(`${error.message}${OTHER_SOURCES}`) : error;
    });
    return use(subject);
  }
  const horizonMs = horizonOption(call);
  const adjust = (settings: Settings): Settings => ({
    ...settings,
    ...(horizonMs !== undefined && { horizons: horizonsUpTo(horizonMs, settings.demand.stepMs) }),
    ...(members !== undefined && { forecast: { ...settings.forecast, members } }),
  });
  return withWired(call, { ...CONFIGURED, adjust }, async ({ parts }, { settings }) => {
    const { demand, clock, forecaster } = parts;
    const { timeZone, historyMs, stepMs, staleAfterMs } = settings.demand;
    const nowMs = clock.nowMs();
    const atMs = atOption(call, { nowMs, timeZone });
    const readMs = epochMs(Math.min(nowMs, atMs));
    const read = await demand.read(readMs, historyMs).catch((error: unknown) => {
      throw error instanceof UserError
        ? error
        : new UserError(error instanceof Error ? error.message : String(error));
    });
    const history = knownAt(read, atMs, demand.name);
    const ahead = await eventsOption(call, { timeZone, nowMs: endMs(history) });
    checkSteps(Math.max(stepMs, ...settings.horizons), history.stepMs);
    const answer = await orAborted(call, forecaster.forecast(settings.service, history, ahead));
    const ageMs = Math.min(nowMs, atMs) - endMs(history);
    const stale = ageMs > staleAfterMs ? [`demand is ${shortDuration(ageMs)} old: stale`] : [];
    return use({
      ...answer,
      service: settings.service,
      source: demand.name,
      timeZone,
      history,
      horizonsMs: settings.horizons,
      warnings: [...stale, ...historyWarnings(history, nowMs)],
    });
  });
}

const OTHER_SOURCES = "; other sources: a FILE, or a configuration (tiercast.yaml, --config)";
const CONFIGURED = { lease: "none", readOnly: true, needsDemand: true } as const;

async function subjectOfStdin(call: CommandCall, members: readonly string[] | undefined): Promise<Subject> {
  return subjectOfInput(call, await readInput(call, "-"), members);
}

function lastOption(call: CommandCall): DurationMs | undefined {
  const text = textOption(call, "last");
  return text === undefined ? undefined : parseDurationSetting(text, "--last");
}

async function subjectOfInput(
  call: CommandCall,
  { series: whole, name, timeZone, warnings }: Input,
  members: readonly string[] | undefined,
): Promise<Subject> {
  const lastMs = lastOption(call) ?? Number.POSITIVE_INFINITY;
  const series = sliceSeries(whole, Math.max(whole.startMs, endMs(whole) - lastMs), endMs(whole));
  const atMs = atOption(call, { nowMs: endMs(series), timeZone });
  const history = knownAt(series, atMs, name);
  const horizonMs = horizonOption(call) ?? durationMs(Math.max(STANDARD_HORIZON_MS, series.stepMs));
  checkSteps(horizonMs, series.stepMs);
  const horizonsMs = horizonsUpTo(horizonMs, series.stepMs);
  const ahead = await eventsOption(call, { timeZone, nowMs: endMs(history) });
  const engine = createForecastEngine({
    settings: { ...FILE_SETTINGS, members: members ?? allMembers() },
    timeZone,
    horizons: horizonsMs,
    threads: 1,
  });
  try {
    const answer = await orAborted(call, engine.forecast("series", history, ahead));
    const said = [...warnings, ...historyWarnings(history, wallTimeMs())];
    return { ...answer, service: null, source: name, timeZone, history, horizonsMs, warnings: said };
  } catch (error) {
    // A file that cannot be forecast is bad input, where a source that cannot be forecast yet is a state.
    if (error instanceof UserError) throw new UserError(`${name}: ${error.message}`, EXIT.badInput);
    throw error;
  } finally {
    await engine.close();
  }
}

/**
 * Without FILE, standard input is read when no configuration is in reach and something is piped in: a daemon's
 * host with a configuration must not wait for a pipe that nobody writes to.
 */
async function isStdinMeant(call: CommandCall): Promise<boolean> {
  if (textOption(call, "config") !== undefined || processEnvironment()["TIERCAST_CONFIG"]) return false;
  const hasConfig = await access("tiercast.yaml").then(
    () => true,
    () => false,
  );
  if (hasConfig || process.stdin.isTTY) return false;
  try {
    const stdin = fstatSync(0);
    return stdin.isFIFO() || stdin.isFile() || stdin.isSocket();
  } catch {
    return false;
  }
}

/** The whole steps known by `atMs`; nothing after it is seen. */
function knownAt(series: DemandSeries, atMs: number, name: string): DemandSeries {
  const steps = Math.floor((atMs - series.startMs) / series.stepMs);
  if (steps >= series.values.length && series.values.length > 0) return series;
  const toMs = series.startMs + Math.max(0, steps) * series.stepMs;
  const known = sliceSeries(series, series.startMs, toMs);
  if (known.values.some((value) => !Number.isNaN(value))) return known;
  const what = Number.isFinite(atMs)
    ? `no whole step of demand is known at ${isoTime(atMs)}`
    : "no whole step of demand yet";
  const from = series.values.length === 0 ? "" : ` (it begins at ${isoTime(series.startMs)})`;
  throw new UserError(`${name}: ${what}${from}`);
}

/** So far above nearly all the rest it is a mistake, or an event that should be scheduled. */
const SPIKE_FACTOR = 100;

function historyWarnings(history: DemandSeries, nowMs: number): readonly string[] {
  const { values, stepMs } = history;
  const lastKnown = values.findLastIndex((value) => !Number.isNaN(value));
  const firstKnown = values.findIndex((value) => !Number.isNaN(value));
  const spanMs = (lastKnown - firstKnown + 1) * stepMs;
  const warnings: string[] = [];
  if (endMs(history) > nowMs + stepMs)
    warnings.push(
      `demand goes on to ${isoTime(endMs(history))}, which is still to come on this machine's clock`,
    );
  if (spanMs < 2 * DAY_MS)
    warnings.push(
      `history is ${shortDuration(spanMs)} long: no rhythm of days can be learned (it takes two)`,
    );
  const level = values[lastKnown] ?? 0;
  if (values.every((value) => Number.isNaN(value) || value === level))
    warnings.push(`demand never changes: nothing tells how far it may move`);
  const present = values.filter((value) => value > 0).sort();
  const [usual = 0, largest = 0] = [present[Math.floor(present.length * 0.99) - 1], present.at(-1)];
  if (usual > 0 && largest > SPIKE_FACTOR * usual)
    warnings.push(`the largest value, ${figure(largest)}, is over ${SPIKE_FACTOR} times the 99th percentile`);
  const missing = values.length - 1 - lastKnown;
  if (missing > 2) warnings.push(`the last ${missing} steps (${shortDuration(missing * stepMs)}) are gaps`);
  return warnings;
}

function atOption(call: CommandCall, now: { readonly nowMs: number; readonly timeZone: string }): number {
  const text = textOption(call, "at");
  return text === undefined ? Number.POSITIVE_INFINITY : parseInstant(text, { name: "--at", ...now });
}

function horizonOption(call: CommandCall): DurationMs | undefined {
  const text = textOption(call, "horizon");
  return text === undefined ? undefined : parseDurationSetting(text, "--horizon");
}

function checkSteps(horizonMs: number, stepMs: number): void {
  if (horizonMs < stepMs)
    throw new UserError(
      `--horizon: ${shortDuration(horizonMs)} is below the step of ${shortDuration(stepMs)}`,
    );
  if (horizonMs / stepMs > MOST_STEPS)
    throw new UserError(
      `--horizon: ${shortDuration(horizonMs)} is over ${MOST_STEPS} steps of ${shortDuration(stepMs)} ` +
        "(choose a longer --step)",
    );
}

/** Rising, the last one `horizonMs`. */
function horizonsUpTo(horizonMs: DurationMs, stepMs: number): readonly DurationMs[] {
  const shown = SHOWN_HORIZONS_MS.filter((each) => each > stepMs && each < horizonMs);
  return [...new Set([Math.min(stepMs, horizonMs), ...shown, horizonMs])].map(durationMs);
}

/** Rejects when the user interrupts; what still runs is ended by whoever closes it. */
function orAborted<T>({ context }: CommandCall, work: Promise<T>): Promise<T> {
  const { signal } = context;
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
