import type { Mode } from "./settings.ts";

/** Long-window scores of the forecast at the horizon that sizes are made from; null is "not enough to say". */
export interface GateScores {
  readonly horizonMs: number;
  /** Measured coverage of the 90 % prediction interval, 0 to 1. */
  readonly coverage90: number | null;
  /** Loss over that of the naive forecast on the same targets; below 1 is better. */
  readonly lossRatio: number | null;
  /** Scores behind them. */
  readonly count: number;
}

/** What the gate goes by. */
export type GateCause =
  /** Too few scores to tell. */
  | "unproven"
  /** Coverage and loss hold. */
  | "proven"
  /** Coverage or loss fell below its bar. */
  | "accuracy"
  /** Demand drifts away from what was learned. */
  | "regime-change"
  /** The gate is switched off. */
  | "off";

/** Whether the forecast may act, and since when. Kept in the journal, so that a restart changes nothing. */
export interface GateState {
  readonly forecastActs: boolean;
  readonly cause: GateCause;
  readonly sinceMs: number;
  /** Why the forecast was let act, or was stopped, when it last changed. */
  readonly reason: string;
  /** Since when every look met the bars of promotion; null when the last one did not. */
  readonly goodSinceMs: number | null;
  readonly scores: GateScores;
}

/** The mode in force: at most the one asked for. */
export interface ModeState {
  readonly mode: Mode;
  readonly sinceMs: number;
  readonly reason: string;
}

/** One change of gate or mode; the journal keeps the newest. */
export interface GateEvent {
  readonly atMs: number;
  readonly kind: "forecast" | "mode";
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** What a decision is told of the gate: recorded with its input. */
export interface GateVerdict {
  readonly forecastActs: boolean;
  readonly sinceMs: number;
  readonly reason: string;
}
