import type { TrafficSample } from "../model/platform.ts";
import type { Clock, DemandSource } from "../model/ports.ts";
import { type DemandSeries, endMs, sliceSeries } from "../model/series.ts";
import { type DurationMs, epochMs } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";

export interface PlatformSourceRequest {
  /** The router's counts, about one sample a second, from an instant of its wall clock on. */
  readonly reader: { traffic(fromWallMs: number): Promise<readonly TrafficSample[]> };
  readonly clock: Clock;
  /** The wall clock that stamps the samples, epoch ms. */
  wallNowMs(): number;
  /** Recorded demand from before; undefined: none. */
  readonly history: DemandSeries | undefined;
  readonly stepMs: DurationMs;
  /** How much of the live counts is kept; default 42 days, at most 200,000 steps. */
  readonly keepMs?: number;
}

/** Share of a step that samples must cover for it to be known. */
const COVERED_FRACTION = 0.9;
/** Wall time after the end of a step in which its last samples may still come in. */
const SETTLE_WALL_MS = 2_500;
const MAX_STEPS = 200_000;
/** What the router counted while no daemon ran. */
const LOOK_BACK_WALL_MS = 600_000;

interface LiveStep {
  arrived: number;
  coveredWallMs: number;
}

interface LiveCounts {
  readonly request: PlatformSourceRequest;
  readonly steps: Map<number, LiveStep>;
  /** Counts from before are not asked for. */
  firstWallMs: number;
  /** End of the last sample that was counted, on the router's wall clock. */
  countedToWallMs: number | undefined;
  /** First step of the daemon's life: before it, live counts say nothing. */
  readonly bornStep: number;
  lastError: string | undefined;
  known: boolean;
}

/**
 * Demand from the router's live counts, joined to recorded history.
 *
 * Samples are placed in the daemon's time through the clock: at `speed` 60, one wall second is one minute. Demand
 * is arrivals per **wall** second, the rate that units feel, whatever the speed. A step covered for less than
 * 90 % is a gap; so is every step while the router cannot be reached. The newest step is left out until 2.5 s of
 * wall time after its end, unless it is covered before.
 */
export function createPlatformSource(request: PlatformSourceRequest): DemandSource {
  const live: LiveCounts = {
    request,
    steps: new Map(),
    // Trace time begins with the daemon: what was before it has no place there.
    firstWallMs: request.wallNowMs() - (request.clock.speed === 1 ? LOOK_BACK_WALL_MS : 0),
    countedToWallMs: undefined,
    bornStep: Math.floor(request.clock.nowMs() / request.stepMs),
    lastError: undefined,
    known: false,
  };
  return {
    name: "platform router",
    read: async (nowMs, historyMs) => {
      await takeSamples(live, nowMs);
      prune(live, nowMs);
      if (!live.known && request.history === undefined) throw nothingKnown(live);
      return joined(live, nowMs, historyMs);
    },
    close: async () => live.steps.clear(),
  };
}

async function takeSamples(live: LiveCounts, nowMs: number): Promise<void> {
  const { reader, clock, wallNowMs } = live.request;
  const wallMs = wallNowMs();
  const daemonMs = clock.nowMs();
  // A wall clock put back leaves the old stamps in its future: count from now on, the time between is a gap.
  if (live.countedToWallMs !== undefined && live.countedToWallMs > wallMs + SETTLE_WALL_MS) {
    live.countedToWallMs = wallMs;
    live.firstWallMs = wallMs;
  }
  const fromWallMs = live.countedToWallMs ?? live.firstWallMs;
  try {
    const samples = await reader.traffic(fromWallMs);
    live.lastError = undefined;
    const toDaemonMs = (sampleMs: number) => Math.min(nowMs, daemonMs - (wallMs - sampleMs) * clock.speed);
    for (const sample of samples) takeSample(live, sample, wallMs, toDaemonMs);
  } catch (error) {
    live.lastError = error instanceof Error ? error.message : String(error);
  }
}

function takeSample(
  live: LiveCounts,
  sample: TrafficSample,
  wallMs: number,
  toDaemonMs: (sampleMs: number) => number,
): void {
  const { fromWallMs, toWallMs, arrived } = sample;
  const counted = live.countedToWallMs ?? Number.NEGATIVE_INFINITY;
  // Of the second in which the daemon came to life, the part it lived counts: without it a step of a few seconds,
  // as in a replay, would start as a gap.
  const startWallMs = Math.max(fromWallMs, live.firstWallMs);
  const isWhole = toWallMs > startWallMs && arrived >= 0 && Number.isFinite(arrived);
  if (!isWhole || fromWallMs < counted || toWallMs > wallMs + SETTLE_WALL_MS) return;
  live.countedToWallMs = toWallMs;
  live.known = true;
  const share = (toWallMs - startWallMs) / (toWallMs - fromWallMs);
  spread(live, toDaemonMs(startWallMs), toDaemonMs(toWallMs), arrived * share, toWallMs - startWallMs);
}

/** Divides a sample among the steps it touches, by time. */
function spread(live: LiveCounts, fromMs: number, toMs: number, arrived: number, wallMs: number): void {
  const { stepMs } = live.request;
  const lengthMs = toMs - fromMs;
  if (lengthMs <= 0) return;
  for (let step = Math.floor(fromMs / stepMs); step * stepMs < toMs; step++) {
    const overlap = Math.min(toMs, (step + 1) * stepMs) - Math.max(fromMs, step * stepMs);
    const share = overlap / lengthMs;
    const known = live.steps.get(step) ?? { arrived: 0, coveredWallMs: 0 };
    known.arrived += arrived * share;
    known.coveredWallMs += wallMs * share;
    live.steps.set(step, known);
  }
}

/** Demand of a step in requests per wall second, or NaN: a gap. */
function stepRps(live: LiveCounts, step: number): number {
  const known = live.steps.get(step);
  const { stepMs, clock } = live.request;
  if (known === undefined || known.coveredWallMs < (COVERED_FRACTION * stepMs) / clock.speed)
    return Number.NaN;
  return (known.arrived * 1000) / known.coveredWallMs;
}

function joined(live: LiveCounts, nowMs: number, historyMs: number): DemandSeries {
  const { history, stepMs } = live.request;
  const end = lastStep(live, nowMs) + 1;
  const oldest = Math.min(
    live.bornStep,
    ...(live.steps.size > 0 ? [firstKey(live.steps)] : []),
    ...(history === undefined ? [] : [Math.floor(history.startMs / stepMs)]),
  );
  const first = Math.min(end, Math.max(oldest, end - Math.floor(historyMs / stepMs)));
  const startMs = epochMs(first * stepMs);
  const values =
    history === undefined
      ? new Float64Array(end - first).fill(Number.NaN)
      : sliceSeries(onGrid(history, stepMs), startMs, end * stepMs).values;
  for (let step = Math.max(first, end - MAX_STEPS); step < end; step++) {
    const rps = stepRps(live, step);
    if (!Number.isNaN(rps)) values[step - first] = rps;
  }
  return { startMs, stepMs, values };
}

/** The newest whole step of which all samples are in, or will not come any more. */
function lastStep(live: LiveCounts, nowMs: number): number {
  const { stepMs, clock, history } = live.request;
  const whole = Math.floor(nowMs / stepMs) - 1;
  const endedMs = (whole + 1) * stepMs;
  const isSettled = nowMs - endedMs >= SETTLE_WALL_MS * clock.speed || !Number.isNaN(stepRps(live, whole));
  const inHistory = history !== undefined && endMs(history) >= endedMs;
  return isSettled || inHistory ? whole : whole - 1;
}

function onGrid(history: DemandSeries, stepMs: number): DemandSeries {
  if (history.stepMs === stepMs && history.startMs % stepMs === 0) return history;
  throw new UserError(
    `history has a step of ${history.stepMs} ms, the demand grid ${stepMs} ms (make them equal)`,
    1,
  );
}

function prune(live: LiveCounts, nowMs: number): void {
  const { stepMs, keepMs = 42 * 86_400_000 } = live.request;
  const oldest = Math.floor(nowMs / stepMs) - Math.min(MAX_STEPS, Math.ceil(keepMs / stepMs));
  for (const step of live.steps.keys()) if (step < oldest) live.steps.delete(step);
}

function firstKey(steps: ReadonlyMap<number, LiveStep>): number {
  let first = Number.POSITIVE_INFINITY;
  for (const step of steps.keys()) first = Math.min(first, step);
  return first;
}

function nothingKnown(live: LiveCounts): UserError {
  const why = live.lastError ?? "it has counted nothing yet";
  // The reader's own words may say so already.
  const hint = why.includes("base stack") ? "" : " (is the base stack up?)";
  return new UserError(`platform router: no demand known: ${why}${hint}`, 1);
}
