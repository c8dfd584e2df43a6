import type { DemandSeries } from "../../model/series.ts";

/**
 * `series` on the grid of `target`, over the same time: means of finer steps, coarser ones held; a step is a
 * gap when less than half of it is known. Nothing at or after the end of `target` is used. Undefined when the
 * two have no time in common.
 */
export function onGrid(series: DemandSeries, target: DemandSeries): DemandSeries | undefined {
  const sums = new Float64Array(target.values.length);
  const known = new Float64Array(target.values.length);
  for (let i = 0; i < series.values.length; i++) {
    const value = series.values[i] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    const fromMs = series.startMs + i * series.stepMs - target.startMs;
    const first = Math.max(0, Math.floor(fromMs / target.stepMs));
    const last = Math.min(sums.length - 1, Math.ceil((fromMs + series.stepMs) / target.stepMs) - 1);
    // A step that ends after the target's end is not over yet.
    if (fromMs + series.stepMs > sums.length * target.stepMs) continue;
    for (let step = first; step <= last; step++) {
      const overlap =
        Math.min(fromMs + series.stepMs, (step + 1) * target.stepMs) - Math.max(fromMs, step * target.stepMs);
      sums[step] = (sums[step] ?? 0) + value * overlap;
      known[step] = (known[step] ?? 0) + overlap;
    }
  }
  if (!known.some((ms) => ms > 0)) return undefined;
  const values = sums.map((total, step) => {
    const ms = known[step] ?? 0;
    return 2 * ms >= target.stepMs ? total / ms : Number.NaN;
  });
  return { startMs: target.startMs, stepMs: target.stepMs, values };
}
