import type { CycleRecord } from "../model/cycle.ts";
import { type Sizes, TIERS, totalUnits } from "../model/tier.ts";
import { HOUR_MS } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { runCycle } from "./cycle.ts";
import { watchLeadTime } from "./lead-time-watch.ts";
import type { ControllerParts } from "./parts.ts";
import { recoverAtStart } from "./recover.ts";
import { type ControllerState, loadState } from "./state.ts";

export interface DaemonOptions {
  readonly signal: AbortSignal;
  /** Aborts a running engine run too; without it a stop waits for the run in hand to end. */
  readonly hardSignal?: AbortSignal;
  readonly onCycle?: (record: CycleRecord, state: ControllerState) => void | Promise<void>;
  readonly onWait?: (nextMs: number, state: ControllerState) => void;
}

/** A unit not ready after this many expected lead times is verify's business, not a lead time. */
const LONGEST_LEAD_TIMES = 5;

const PRUNE_EVERY_CYCLES = 50;

/** Wall time after the end of a grid step by which the router's last second of it can be read. */
const SETTLE_WALL_MS = 1_200;

/**
 * Runs cycles on schedule until `signal` aborts. A broken assumption ends its cycle and is recorded, not the
 * daemon; a stop lets the update in hand end.
 */
export async function runDaemon(parts: ControllerParts, options: DaemonOptions): Promise<void> {
  const hard = options.hardSignal ?? new AbortController().signal;
  const state = loadState(parts);
  await meetPlatform(parts);
  await recoverLoudly(parts, state, hard);
  const watches = new Set<Watch>();
  for (let count = 0; !options.signal.aborted; count++) {
    const record = await runCycle(parts, state, { signal: hard });
    watchGrowth(parts, record, watches);
    await options.onCycle?.(record, state);
    if (count % PRUNE_EVERY_CYCLES === PRUNE_EVERY_CYCLES - 1) prune(parts);
    const next = nextStartMs(parts, record.startedMs);
    // Reckoned before anything else happens: a clock put back meanwhile would make it a wait of hours.
    const waitMs = Math.max(0, next - parts.clock.nowMs());
    options.onWait?.(next, state);
    await parts.clock.sleep(waitMs, options.signal);
  }
  for (const { stop } of watches) stop.abort();
  parts.log.info("apply", "stopped");
}

/** Sizes on their way, timed until they are ready. */
interface Watch {
  readonly sizes: Sizes;
  readonly stop: AbortController;
}

/** Growths timed at once: the oldest gives way. */
const MOST_WATCHES = 16;

/**
 * Units that were asked for are timed until they are ready. Updates come faster than units start: each growth has a
 * watch of its own, or only the quick starts would ever be measured. One that is taken back in part says nothing.
 */
function watchGrowth(parts: ControllerParts, record: CycleRecord, watches: Set<Watch>): void {
  const { decision, apply } = record;
  if (apply?.kind !== "applied" || decision === null) return;
  const { before, after } = decision;
  const drop = (watch: Watch): void => {
    watch.stop.abort();
    watches.delete(watch);
  };
  for (const watch of watches) {
    if (TIERS.some((tier) => after.units[tier] < watch.sizes.units[tier])) drop(watch);
  }
  if (totalUnits(after.units) <= totalUnits(before.units)) return;
  const [oldest] = watches;
  if (oldest !== undefined && watches.size >= MOST_WATCHES) drop(oldest);
  const watch: Watch = { sizes: after, stop: new AbortController() };
  watches.add(watch);
  const limitMs = LONGEST_LEAD_TIMES * parts.settings.leadTime.priorMs + HOUR_MS;
  const { cycle, stageMs } = record;
  const sinceMs = (stageMs.render ?? 0) + (stageMs.apply ?? 0) + (stageMs.verify ?? 0);
  const decidedMonotonicMs = parts.clock.monotonicMs() - sinceMs;
  watchLeadTime(parts, { cycle, decidedMonotonicMs, sizes: after, limitMs }, watch.stop.signal)
    .catch((error: unknown) => parts.log.warn("verify", `lead time not measured: ${String(error)}`))
    .finally(() => watches.delete(watch));
}

/** A journal that was lost starts behind the platform: its next plan number must be above every one seen. */
async function meetPlatform(parts: ControllerParts): Promise<void> {
  const seen = await parts.platform.state().catch(() => undefined);
  if (seen !== undefined) parts.journal.raisePlanGeneration(seen.planGeneration);
}

async function recoverLoudly(
  parts: ControllerParts,
  state: ControllerState,
  signal: AbortSignal,
): Promise<void> {
  const outcome = await recoverAtStart(parts, signal);
  if (outcome.kind === "clean" || outcome.kind === "recovered") return;
  state.needsRecovery = true;
  const reason = outcome.kind === "locked" ? `locked by ${outcome.by}` : JSON.stringify(outcome);
  parts.log.error("apply", `the update that was cut off could not be mended yet: ${reason}`);
}

/**
 * Cycles start just after a grid step has ended, so that each sees the newest whole step; `jitter` spreads many
 * services. A clock that was set back cannot fire a schedule twice: the next start is after the last one.
 */
export function nextStartMs(parts: ControllerParts, startedMs: number): number {
  const { intervalMs, jitterFraction } = parts.settings.schedule;
  const nowMs = parts.clock.nowMs();
  const settleMs = parts.settings.demand.source === "platform" ? SETTLE_WALL_MS * parts.clock.speed : 0;
  const afterMs = settleMs + parts.random() * jitterFraction * intervalMs;
  const boundary = (Math.floor((Math.max(nowMs, startedMs) - settleMs) / intervalMs) + 1) * intervalMs;
  // A clock that jumped back an hour would leave the daemon waiting for an hour: then it starts a grid anew.
  if (boundary - nowMs > 2 * intervalMs) return nowMs + intervalMs + afterMs;
  return boundary + afterMs;
}

function prune(parts: ControllerParts): void {
  try {
    parts.journal.prune(parts.clock.nowMs());
  } catch (error) {
    if (error instanceof UserError) throw error;
    parts.log.warn("verify", `journal not pruned: ${error instanceof Error ? error.message : String(error)}`);
  }
}
