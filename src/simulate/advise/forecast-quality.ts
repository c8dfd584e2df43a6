import { pinball } from "../../forecast/ensemble/weights.ts";
import { forecastLoss, LOSS_LEVELS } from "../../forecast/scores/scoring.ts";
import { FORECAST_LEVELS } from "../../model/forecast.ts";
import type { ForecastBlock } from "../replay-job.ts";
import type { TraceWorld } from "../world.ts";
import type { ForecastQuality } from "./advice.ts";
import { scoredDays } from "./day-sums.ts";
import type { LastValue } from "./last-value.ts";
import { drawnSum, resampleDays } from "./resample.ts";

/**
 * Scores of the very forecasts that the simulation decided on, without making any anew: at the lead time each
 * scored step against the forecast made one lead before it, and the day forecasts (one a day) over all their
 * steps. Losses are over naive's (`last-value.ts`) at the same origins.
 */
export function forecastQuality(
  world: TraceWorld,
  blocks: readonly ForecastBlock[],
  lastValue: LastValue,
  replicates: number,
): ForecastQuality {
  const days = scoredDays(world);
  const ahead = aheadSums(world, blocks, lastValue);
  const whole = dayForecasts(world, blocks, lastValue);
  const ratio = (own: ArrayLike<number>, reference: ArrayLike<number>, count: number) => {
    const statistic = (counts: readonly number[]): number =>
      drawnSum(counts, own) / drawnSum(counts, reference);
    const { draws: _, ...sampled } = resampleDays(Math.max(1, count), statistic, replicates);
    return sampled;
  };
  const total = (column: ArrayLike<number>): number => Array.from(column).reduce((sum, one) => sum + one, 0);
  return {
    lossAtLead: ratio(ahead.own, ahead.naive, days.count),
    lossOverDay: ratio(whole.own, whole.naive, whole.own.length),
    coverage90: total(ahead.inside) / total(ahead.steps),
    coverageOverDay90: total(whole.inside) / total(whole.steps),
    spikeShare: total(ahead.above) / total(ahead.demand),
    steps: total(ahead.steps),
    days: whole.own.length,
  };
}

const ROW = new Map(FORECAST_LEVELS.map((level, row) => [level, row]));
const SPIKE_LEVEL = 0.99;

/** Sums by day over the scored steps whose forecast, made one lead time before, is known. */
function aheadSums(world: TraceWorld, blocks: readonly ForecastBlock[], lastValue: LastValue) {
  const days = scoredDays(world);
  const column = (): Float64Array => new Float64Array(days.count);
  const sums = {
    own: column(),
    naive: column(),
    inside: column(),
    above: column(),
    demand: column(),
    steps: column(),
  };
  const quantileAt = quantileReader(world, blocks);
  const add = (list: Float64Array, day: number, value: number): void => {
    list[day] = (list[day] ?? 0) + value;
  };
  for (let step = world.firstScored; step < world.demandRps.length; step++) {
    const truth = world.demandRps[step] ?? Number.NaN;
    const made = step - world.leadSteps;
    if (Number.isNaN(truth) || Number.isNaN(quantileAt(made, 0.5))) continue;
    const reference = lastValue.at(made, world.leadSteps + 1, LOSS_LEVELS);
    if (reference === undefined) continue;
    const day = days.dayOf(step);
    LOSS_LEVELS.forEach((level, row) => {
      add(sums.own, day, pinball(truth, quantileAt(made, level), level));
      add(sums.naive, day, pinball(truth, reference[row] ?? Number.NaN, level));
    });
    add(sums.inside, day, truth >= quantileAt(made, 0.05) && truth <= quantileAt(made, 0.95) ? 1 : 0);
    add(sums.above, day, Math.max(0, truth - quantileAt(made, SPIKE_LEVEL)));
    add(sums.demand, day, truth);
    add(sums.steps, day, 1);
  }
  return sums;
}

/** The quantile for one lead time after a forecast was made; NaN where there is none. Steps are meant to rise. */
function quantileReader(world: TraceWorld, blocks: readonly ForecastBlock[]) {
  let at = 0;
  return (made: number, level: number): number => {
    while (at + 1 < blocks.length && made >= (blocks[at + 1]?.fromStep ?? 0)) at += 1;
    const block = blocks[at];
    if (block === undefined || made < block.fromStep || made >= block.fromStep + block.steps)
      return Number.NaN;
    const row = (made - block.fromStep) * FORECAST_LEVELS.length + (ROW.get(level) ?? -1);
    return block.values[row * block.horizonSteps + world.leadSteps] ?? Number.NaN;
  };
}

/** The forecasts of a whole day, an entry each, naive beside them. */
function dayForecasts(world: TraceWorld, blocks: readonly ForecastBlock[], lastValue: LastValue) {
  const sums = {
    own: [] as number[],
    naive: [] as number[],
    inside: [] as number[],
    steps: [] as number[],
  };
  for (const { step, rows } of blocks.flatMap((block) => block.reviews)) {
    const horizon = rows[0]?.length ?? 0;
    const truth = world.demandRps.subarray(step, step + horizon);
    const reference = lastValue.rows(step, horizon, FORECAST_LEVELS);
    const own = forecastLoss(truth, rows, horizon);
    // A day cut short by the end of the history would weigh as much as a whole one.
    if (reference === undefined || own.scored < horizon / 2) continue;
    sums.own.push(own.quantileLoss);
    sums.naive.push(forecastLoss(truth, reference, horizon).quantileLoss);
    sums.inside.push(own.inside);
    sums.steps.push(own.scored);
  }
  return sums;
}
