import type { HeadPass } from "./mixture-head.ts";
import type { WindowBatch } from "./window.ts";

export type NetworkName = "lstm" | "transformer";

/** A network without weights: how many it has, how they start, and buffers to run it in. */
export interface Network {
  readonly name: NetworkName;
  /** Number of weights. */
  readonly size: number;
  /** Which rows of tokens lie together in its batches. */
  readonly order: "by-step" | "by-sample";
  /** Weights before training: its answers equal the priors of the window. */
  initialWeights(random: () => number): Float64Array;
  open(batch: number, tokens: number, queries: number): NetworkPass;
}

/** Buffers for batches of one shape. */
export interface NetworkPass {
  readonly head: HeadPass;
  /** Leaves the answers in `head`. */
  forward(weights: Float64Array, batch: WindowBatch): void;
  /** Mean loss of the batch after `forward`; adds its slopes to `gradient`. */
  backward(weights: Float64Array, gradient: Float64Array, batch: WindowBatch): number;
}
