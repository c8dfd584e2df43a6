import type { GateState, ModeState } from "../model/gate.ts";
import { MODES, type Mode, type PromotionSettings } from "../model/settings.ts";
import { shortDuration } from "../model/time.ts";

export interface LadderInput {
  /** Null: there never was one. */
  readonly previous: ModeState | null;
  /** The operator's word: never above it. */
  readonly asked: Mode;
  /** Undefined: the mode asked for is in force at once. */
  readonly promotion: PromotionSettings | undefined;
  readonly gate: GateState;
  /** Sizes were applied to the stack at some time: somebody relies on its being managed. */
  readonly hasApplied: boolean;
  readonly nowMs: number;
}

/**
 * The mode in force. With `promotion` it starts low and rises a step whenever the gate has held for `afterMs`; where
 * the gate stops the forecast, it falls back to the start only while nothing was ever applied. A service that is
 * managed stays managed, by the reactive rule: capacity is never frozen because a forecast is bad.
 */
export function nextMode(input: LadderInput): ModeState {
  const { asked, promotion, gate, nowMs } = input;
  const previous = input.previous === null ? null : notAhead(input.previous, nowMs);
  if (promotion === undefined) {
    return previous?.mode === asked ? previous : { mode: asked, sinceMs: nowMs, reason: "as asked for" };
  }
  if (previous === null) return start(input, promotion);
  if (rank(previous.mode) > rank(asked)) {
    return { mode: asked, sinceMs: nowMs, reason: `no more than ${asked} is asked for` };
  }
  if (!gate.forecastActs) {
    const isBack = rank(previous.mode) <= rank(promotion.from) || input.hasApplied;
    return isBack ? previous : { mode: promotion.from, sinceMs: nowMs, reason: gate.reason };
  }
  const next = MODES[rank(previous.mode) + 1];
  const heldMs = nowMs - Math.max(gate.sinceMs, previous.sinceMs);
  if (next === undefined || rank(next) > rank(asked) || heldMs < promotion.afterMs) return previous;
  return {
    mode: next,
    sinceMs: nowMs,
    reason: `the forecast held for ${shortDuration(heldMs)}: ${gate.reason}`,
  };
}

function start({ asked, hasApplied, nowMs }: LadderInput, promotion: PromotionSettings): ModeState {
  if (hasApplied)
    return { mode: asked, sinceMs: nowMs, reason: "sizes were applied before: they stay managed" };
  if (rank(promotion.from) >= rank(asked)) return { mode: asked, sinceMs: nowMs, reason: "as asked for" };
  return { mode: promotion.from, sinceMs: nowMs, reason: `starts here, to rise to ${asked}` };
}

function rank(mode: Mode): number {
  return MODES.indexOf(mode);
}

function notAhead(state: ModeState, nowMs: number): ModeState {
  return state.sinceMs <= nowMs ? state : { ...state, sinceMs: nowMs };
}
