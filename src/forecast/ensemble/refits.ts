import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import type { Forecaster } from "../forecaster.ts";
import type { MemberFit } from "./learned-state.ts";

export interface RefitPlan {
  /** Between fits of heavy members. */
  readonly refitMs: number;
  /** Offset that differs from series to series. */
  readonly staggerMs: number;
  /** Refits all members at each multiple of `refitMs` instead, whatever they cost: for replays. */
  readonly together?: boolean | undefined;
}

/** Days of past forecasts that a cold start makes up for, and so the fits behind them: one a day. */
export const BACKFILL_DAYS = { light: 7, heavy: 3, trained: 2 } as const;

/** Four weeks of five minutes: up to here the past is walked through with a fit a day. */
const DAILY_UP_TO_STEPS = 8_064;

export function periodOf(plan: RefitPlan, member: Forecaster): number {
  if (plan.together === true || member.cost === "heavy") return plan.refitMs;
  return member.cost === "light" ? HOUR_MS : DAY_MS;
}

/** The latest instant up to `nowMs` at which `member` was to be refitted. */
export function lastDueMs(plan: RefitPlan, member: Forecaster, nowMs: number): number {
  const periodMs = periodOf(plan, member);
  return boundary(nowMs, periodMs, offsetOf(plan, member, periodMs));
}

/**
 * True when `member` is to be fitted at `nowMs`. Its schedule is offset by series and by member, so that the fits of
 * many series and members spread evenly. One that refused asks again within the hour: history grows. One that
 * failed waits for its turn.
 */
export function isDue(
  plan: RefitPlan,
  member: Forecaster,
  fit: MemberFit | undefined,
  nowMs: number,
): boolean {
  if (fit === undefined) return true;
  if (fit.triedMs < lastDueMs(plan, member, nowMs)) return true;
  const refused = fit.state === undefined && !/failed/.test(fit.reason ?? "");
  return refused && fit.triedMs < boundary(nowMs, HOUR_MS, offsetOf(plan, member, HOUR_MS));
}

/**
 * The midnight (UTC) at which `member` is to be fitted to forecast at `cutoffMs` while the past is walked through;
 * undefined while its parameters are not a day old (longer for more than four weeks of five minutes).
 */
export function anchorDue(
  plan: RefitPlan,
  member: Forecaster,
  fit: MemberFit | undefined,
  cutoffMs: number,
  historySteps: number,
): number | undefined {
  const anchorMs = Math.floor(cutoffMs / DAY_MS) * DAY_MS;
  if (fit === undefined) return anchorMs;
  // A fine grid makes each fit dear: a cold start then makes fewer of them.
  const days = Math.max(1, Math.ceil(historySteps / DAILY_UP_TO_STEPS));
  return anchorMs - fit.triedMs >= Math.max(days * DAY_MS, periodOf(plan, member)) ? anchorMs : undefined;
}

function boundary(nowMs: number, periodMs: number, offsetMs: number): number {
  return Math.floor((nowMs - offsetMs) / periodMs) * periodMs + offsetMs;
}

function offsetOf(plan: RefitPlan, member: Forecaster, periodMs: number): number {
  if (plan.together === true) return 0;
  return (plan.staggerMs + hashOf(member.name) * periodMs) % periodMs;
}

/** A number in [0, 1) that differs from name to name (FNV-1a, then a golden ratio step to spread likes). */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return (((hash * 0.618_033_988_749) % 1) + 1) % 1;
}
