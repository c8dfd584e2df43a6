import type { DemandSeries } from "../../model/series.ts";
import { HOUR_MS, MINUTE_MS } from "../../model/time.ts";
import { type ErrorQuantiles, offsetRows } from "../kernels/error-quantiles.ts";
import { perHistory } from "../kernels/per-history.ts";
import type { LocalClock } from "../local-clock.ts";
import { candidates } from "./candidates.ts";
import { type DemandSource, demandSource, recentDemand } from "./demand-source.ts";
import { ANSWERS } from "./mixture-head.ts";
import type { Network } from "./network.ts";
import { type PackedWeights, unpackWeights } from "./packed-weights.ts";
import { CANDIDATES, newWindowBatch, tokenBorders, windowAt, writeWindow } from "./window.ts";

/**
 * Quantiles at the end of `history`: `rows[k][j]` is `levels[k]` at `steps[j]`. The network is asked at steps
 * five minutes apart within the hour and fifteen beyond; its shares, offset and widths are linear between
 * them, while the past values they mix are those of each step. What is asked does not change the answer.
 */
export function networkQuantiles(
  network: Network,
  { packed, errors }: { readonly packed: PackedWeights; readonly errors: ErrorQuantiles },
  history: DemandSeries,
  clock: LocalClock,
  steps: readonly number[],
  levels: readonly number[],
): Float64Array[] {
  const source = sourceOf(history, clock);
  const origin = source.values.length;
  const places = steps.map((step) => askedAround(step, source.stepMs));
  const asked = [...new Set(places.flatMap(({ low, high }) => [low, high]))].sort((a, b) => a - b);
  const rowOf = new Map(asked.map((step, row) => [step, row]));
  const answers = askNetwork(network, packed, source, asked);
  const { scale, late } = windowAt(source, origin);
  const rows = offsetRows(errors, steps, levels);
  const past = new Float64Array(CANDIDATES);
  const mixed = new Float64Array(ANSWERS);
  steps.forEach((step, j) => {
    const { low, high, share } = places[j] ?? { low: step, high: step, share: 0 };
    const lowAt = (rowOf.get(low) ?? 0) * ANSWERS;
    const highAt = (rowOf.get(high) ?? 0) * ANSWERS;
    for (let a = 0; a < ANSWERS; a++) {
      const first = answers[lowAt + a] as number;
      mixed[a] = first + ((answers[highAt + a] as number) - first) * share;
    }
    candidates(past, source, origin, step, late);
    let middle = scale * (mixed[CANDIDATES] as number);
    for (let c = 0; c < CANDIDATES; c++) middle += (mixed[c] as number) * (past[c] as number);
    const below = scale * (mixed[CANDIDATES + 1] as number);
    const above = scale * (mixed[CANDIDATES + 2] as number);
    for (const row of rows) {
      const distance = row[j] as number;
      row[j] = source.center + source.size * (middle + distance * (distance > 0 ? above : below));
    }
  });
  return rows;
}

/** Both networks look at the same. */
function sourceOf(history: DemandSeries, clock: LocalClock): DemandSource {
  const sources = sourcesOf(history);
  const before = sources.get(clock);
  if (before !== undefined) return before;
  const own = demandSource(recentDemand(history), clock);
  sources.set(clock, own);
  return own;
}

const sourcesOf = perHistory(() => new Map<LocalClock, DemandSource>());

/** Answers of the network at rising steps: `[steps x ANSWERS]`. */
function askNetwork(
  network: Network,
  packed: PackedWeights,
  source: DemandSource,
  steps: readonly number[],
): Float64Array {
  const borders = tokenBorders(source.stepMs);
  const batch = newWindowBatch(1, borders.length - 1, steps.length, network.order);
  const pass = network.open(1, borders.length - 1, steps.length);
  writeWindow(batch, 0, source, borders, source.values.length, steps);
  pass.forward(unpackWeights(packed), batch);
  return pass.head.answers;
}

/** The steps the network is asked at on both sides of `step`, and how far between them it lies. */
export function askedAround(
  step: number,
  stepMs: number,
): { readonly low: number; readonly high: number; readonly share: number } {
  const apartMs = step * stepMs < HOUR_MS ? 5 * MINUTE_MS : 15 * MINUTE_MS;
  const apart = Math.max(1, Math.round(apartMs / stepMs));
  const low = Math.max(1, Math.floor(step / apart) * apart);
  if (low === step) return { low, high: step, share: 0 };
  const high = (Math.floor(step / apart) + 1) * apart;
  return { low, high, share: (step - low) / (high - low) };
}
