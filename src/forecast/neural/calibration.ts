import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { type ErrorQuantiles, errorQuantiles } from "../error-quantiles.ts";
import type { DemandSource } from "./demand-source.ts";
import { headWidths } from "./mixture-head.ts";
import type { Network } from "./network.ts";
import { newWindowBatch, tokenBorders, writeWindow } from "./window.ts";

const HOURS: readonly number[] = [0.25, 0.5, 1, 1.6, 2.6, 4.2, 6.8, 10.3, 14.6, 19.2, 24];

/** Steps ahead at which errors are measured: the first, and about four a doubling to a day. */
export function calibrationKnots(stepMs: number): readonly number[] {
  const steps = HOURS.map((hours) => Math.max(1, Math.round((hours * HOUR_MS) / stepMs)));
  return [...new Set([1, ...steps])].sort((a, b) => a - b);
}

/**
 * Quantiles of the errors at origins `[from, to)`, each divided by the network's own distance on its side of
 * the median (conformalized quantile regression, Romano 2019): 1 is its own 0.9 quantile. At most `windows`
 * origins, evenly spread.
 */
export function calibrate(
  network: Network,
  weights: Float64Array,
  source: DemandSource,
  from: number,
  to: number,
  windows: number,
): ErrorQuantiles {
  const knots = calibrationKnots(source.stepMs);
  const borders = tokenBorders(source.stepMs);
  const count = Math.max(1, Math.min(windows, to - from));
  const batch = newWindowBatch(1, borders.length - 1, knots.length, network.order);
  const pass = network.open(1, borders.length - 1, knots.length);
  const errors = knots.map(() => new Float64Array(count));
  const known = new Int32Array(knots.length);
  for (let i = 0; i < count; i++) {
    const origin = from + Math.floor(((i + 0.5) * (to - from)) / count);
    writeWindow(batch, 0, source, borders, origin, knots);
    pass.forward(weights, batch);
    errors.forEach((list, k) => {
      if (batch.weights[k] === 0) return;
      const error = (batch.targets[k] as number) - (pass.head.middle[k] as number);
      const { below, above } = headWidths(pass.head, k);
      list[known[k] as number] = error / (error > 0 ? above : below);
      known[k] = (known[k] as number) + 1;
    });
  }
  return errorQuantiles(
    knots,
    errors.map((list, k) => list.slice(0, known[k])),
  );
}

/** A day in steps of `source`. */
export function dayOf({ stepMs }: Pick<DemandSource, "stepMs">): number {
  return Math.round(DAY_MS / stepMs);
}
