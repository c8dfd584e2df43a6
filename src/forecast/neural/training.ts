import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { adamUpdate, newAdam } from "./adam.ts";
import type { DemandSource } from "./demand-source.ts";
import type { Network, NetworkPass } from "./network.ts";
import { newWindowBatch, tokenBorders, type WindowBatch, writeWindow } from "./window.ts";

/** Origins `[from, to)` of a source whose windows are learned from; nothing at or after `end` is a target. */
export interface TrainingSeries {
  readonly source: DemandSource;
  readonly from: number;
  readonly to: number;
  /** How often it is drawn from, relative to the others. */
  readonly share: number;
}

export interface TrainingPlan {
  readonly updates: number;
  readonly rate: number;
}

const BATCH = 16;
const QUERIES = 12;

/**
 * Trains `weights` in place on random windows, each batch from one series. Rates rise over the first
 * twentieth and fall as half a cosine. The same weights, series and stream give the same bytes.
 */
export function train(
  network: Network,
  weights: Float64Array,
  series: readonly TrainingSeries[],
  plan: TrainingPlan,
  random: () => number,
): void {
  const gradient = new Float64Array(weights.length);
  const opened = new Map<number, OpenBatch>();
  let adam = newAdam(weights.length);
  for (let update = 0; update < plan.updates; update++) {
    const one = drawSeries(series, random);
    if (one === undefined) return;
    const open = openFor(network, opened, one.source.stepMs);
    drawBatch(open, one, random);
    open.pass.forward(weights, open.batch);
    open.pass.backward(weights, gradient, open.batch);
    adam = adamUpdate(weights, gradient, adam, plan.rate * rateShare((update + 1) / plan.updates));
  }
}

function drawSeries(series: readonly TrainingSeries[], random: () => number): TrainingSeries | undefined {
  let left = random() * series.reduce((sum, { share }) => sum + share, 0);
  return series.find(({ share }) => {
    left -= share;
    return left < 0;
  });
}

interface OpenBatch {
  readonly borders: readonly number[];
  readonly batch: WindowBatch;
  readonly pass: NetworkPass;
  readonly steps: Int32Array;
}

function openFor(network: Network, opened: Map<number, OpenBatch>, stepMs: number): OpenBatch {
  const known = opened.get(stepMs);
  if (known !== undefined) return known;
  const borders = tokenBorders(stepMs);
  const tokens = borders.length - 1;
  const fresh = {
    borders,
    batch: newWindowBatch(BATCH, tokens, QUERIES, network.order),
    pass: network.open(BATCH, tokens, QUERIES),
    steps: new Int32Array(QUERIES),
  };
  opened.set(stepMs, fresh);
  return fresh;
}

function drawBatch(open: OpenBatch, { source, from, to }: TrainingSeries, random: () => number): void {
  for (let b = 0; b < BATCH; b++) {
    const origin = from + Math.floor(random() * Math.max(1, to - from));
    drawSteps(open.steps, source.stepMs, random);
    writeWindow(open.batch, b, source, open.borders, origin, open.steps);
    for (let k = 0; k < QUERIES; k++) {
      // What came at or after the end of the training part is not for training.
      if (origin + (open.steps[k] as number) - 1 >= to) open.batch.weights[b * QUERIES + k] = 0;
    }
  }
}

/** The first step, some within the hour (even on a logarithmic scale), the others up to a day (even). */
function drawSteps(steps: Int32Array, stepMs: number, random: () => number): void {
  const day = DAY_MS / stepMs;
  const hour = Math.max(1, HOUR_MS / stepMs);
  steps[0] = 1;
  for (let k = 1; k < steps.length; k++) {
    const draw = random();
    const ahead = k < 4 ? hour ** draw : k < 7 ? hour * 6 ** draw : hour + (day - hour) * draw;
    steps[k] = Math.max(1, Math.min(Math.round(day), Math.round(ahead)));
  }
}

function rateShare(done: number): number {
  return done < 0.05 ? done / 0.05 : 0.5 + 0.5 * Math.cos((Math.PI * (done - 0.05)) / 0.95);
}
