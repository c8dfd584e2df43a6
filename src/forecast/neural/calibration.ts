import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { type ErrorQuantiles, errorQuantiles } from "../kernels/error-quantiles.ts";
import type { DemandSource } from "./demand-source.ts";
import { headLoss, headWidths } from "./mixture-head.ts";
import type { Network, NetworkPass } from "./network.ts";
import { newWindowBatch, tokenBorders, type WindowBatch, writeWindow } from "./window.ts";

const HOURS: readonly number[] = [0.25, 0.5, 1, 1.6, 2.6, 4.2, 6.8, 10.3, 14.6, 19.2, 24];

/** Steps ahead at which errors are measured: the first, and about four a doubling to a day. */
export function calibrationKnots(stepMs: number): readonly number[] {
  const steps = HOURS.map((hours) => Math.max(1, Math.round((hours * HOUR_MS) / stepMs)));
  return [...new Set([1, ...steps])].sort((a, b) => a - b);
}

/** Origins `[from, to)` of a source, at most `windows` of them, evenly spread. */
export interface Stretch {
  readonly source: DemandSource;
  readonly from: number;
  readonly to: number;
  readonly windows: number;
}

/**
 * Quantiles of the errors over `stretch`, each divided by the network's own distance on its side of the
 * median (conformalized quantile regression, Romano 2019): 1 is its own 0.9 quantile.
 */
export function calibrate(network: Network, weights: Float64Array, stretch: Stretch): ErrorQuantiles {
  const knots = calibrationKnots(stretch.source.stepMs);
  const errors = knots.map((): number[] => []);
  eachWindow(network, weights, stretch, knots, ({ weights: known, targets }, { head }) => {
    errors.forEach((list, k) => {
      if (known[k] === 0) return;
      const error = (targets[k] as number) - (head.middle[k] as number);
      const { below, above } = headWidths(head, k);
      list.push(error / (error > 0 ? above : below));
    });
  });
  return errorQuantiles(
    knots,
    errors.map((list) => Float64Array.from(list)),
  );
}

/** Mean pinball loss over `stretch`. */
export function stretchLoss(network: Network, weights: Float64Array, stretch: Stretch): number {
  let sum = 0;
  eachWindow(network, weights, stretch, calibrationKnots(stretch.source.stepMs), (batch, { head }) => {
    sum += headLoss(batch, head);
  });
  return sum;
}

function eachWindow(
  network: Network,
  weights: Float64Array,
  { source, from, to, windows }: Stretch,
  knots: readonly number[],
  visit: (batch: WindowBatch, pass: NetworkPass) => void,
): void {
  const borders = tokenBorders(source.stepMs);
  const batch = newWindowBatch(1, borders.length - 1, knots.length, network.order);
  const pass = network.open(1, borders.length - 1, knots.length);
  const count = Math.max(1, Math.min(windows, to - from));
  for (let i = 0; i < count; i++) {
    const origin = from + Math.floor(((i + 0.5) * (to - from)) / count);
    writeWindow(batch, 0, source, borders, origin, knots);
    pass.forward(weights, batch);
    visit(batch, pass);
  }
}

/** A day in steps of `source`. */
export function dayOf({ stepMs }: Pick<DemandSource, "stepMs">): number {
  return Math.round(DAY_MS / stepMs);
}
