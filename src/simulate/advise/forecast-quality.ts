import { pinball } from "../../forecast/ensemble/weights.ts";
import { localClock } from "../../forecast/local-clock.ts";
import { naive } from "../../forecast/members/naive.ts";
import { forecastLoss, LOSS_LEVELS } from "../../forecast/scores/scoring.ts";
import { FORECAST_LEVELS } from "../../model/forecast.ts";
import { type DemandSeries, endMs, sliceSeries } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";
import type { ForecastBlock } from "../replay-job.ts";
import type { TraceWorld } from "../world.ts";
import type { ForecastQuality } from "./advice.ts";
import { type ScoredDays, scoredDays } from "./day-sums.ts";
import { drawnSum, resampleDays } from "./resample.ts";

/**
 * Scores of the very forecasts that the simulation decided on, without making any anew: at the lead time each
 * scored step against the forecast made one lead before it, and the day forecasts (one a day) over all their
 * steps. Losses are over naive's (`members/naive.ts`) at the same origins, its parameters fitted once a day.
 */
export function forecastQuality(
  world: TraceWorld,
  blocks: readonly ForecastBlock[],
  replicates: number,
): ForecastQuality {
  const days = scoredDays(world);
  const ahead = aheadSums(world, blocks, days);
  const whole = dayForecasts(world, blocks);
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
function aheadSums(world: TraceWorld, blocks: readonly ForecastBlock[], days: ScoredDays) {
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
  const naiveAt = naiveReader(world);
  const add = (list: Float64Array, day: number, value: number): void => {
    list[day] = (list[day] ?? 0) + value;
  };
  for (let step = world.firstScored; step < world.demandRps.length; step++) {
    const truth = world.demandRps[step] ?? Number.NaN;
    const made = step - world.leadSteps;
    const reference = naiveAt(made);
    if (Number.isNaN(truth) || Number.isNaN(quantileAt(made, 0.5)) || reference === undefined) continue;
    const day = days.dayOf(step);
    for (const level of LOSS_LEVELS) {
      add(sums.own, day, pinball(truth, quantileAt(made, level), level));
      add(sums.naive, day, pinball(truth, reference(level), level));
    }
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

/** As far back as naive looks. */
const NAIVE_DAYS = 14;
const NAIVE_HOURLY_DAYS = 56;

function naiveHistory(world: TraceWorld, made: number): DemandSeries {
  const { series } = world;
  const madeMs = series.startMs + made * series.stepMs;
  const days = world.stepMinutes < 60 ? NAIVE_DAYS : NAIVE_HOURLY_DAYS;
  return sliceSeries(series, Math.max(series.startMs, madeMs - days * DAY_MS), madeMs);
}

function naiveModel(history: DemandSeries) {
  const clock = localClock("UTC", history.startMs, endMs(history));
  const outcome = naive.fit(history, { clock });
  return outcome.kind === "fitted" ? outcome.model : undefined;
}

/** Naive's quantile one lead time after `made`, from a fit of the same day; undefined where it cannot answer. */
function naiveReader(world: TraceWorld) {
  const perDay = Math.max(1, Math.round(DAY_MS / world.series.stepMs));
  let model: ReturnType<typeof naiveModel>;
  let fittedAt = Number.NEGATIVE_INFINITY;
  return (made: number): ((level: number) => number) | undefined => {
    if (made - fittedAt >= perDay) {
      model = naiveModel(naiveHistory(world, made));
      fittedAt = made;
    }
    if (model === undefined) return undefined;
    const known = lastKnown(world, made);
    if (known < 0) return undefined;
    // Naive stands on the last value alone.
    const view = { ...world.series, values: world.demandRps.subarray(known, known + 1) };
    const rows = model.advance(view).at([world.leadSteps + 1], LOSS_LEVELS);
    return (level) => rows[LOSS_LEVELS.indexOf(level)]?.[0] ?? Number.NaN;
  };
}

function lastKnown(world: TraceWorld, made: number): number {
  for (let step = made - 1; step >= 0; step--) {
    if (!Number.isNaN(world.demandRps[step] ?? Number.NaN)) return step;
  }
  return -1;
}

/** The forecasts of a whole day, an entry each, naive beside them. */
function dayForecasts(world: TraceWorld, blocks: readonly ForecastBlock[]) {
  const sums = {
    own: [] as number[],
    naive: [] as number[],
    inside: [] as number[],
    steps: [] as number[],
  };
  for (const { step, rows } of blocks.flatMap((block) => block.reviews)) {
    const horizon = rows[0]?.length ?? 0;
    const truth = world.demandRps.subarray(step, step + horizon);
    const reference = naiveModel(naiveHistory(world, step))?.forecast(horizon, FORECAST_LEVELS);
    const own = forecastLoss(truth, rows, horizon);
    // A day cut short by the end of the history would weigh as much as a whole one.
    if (reference === undefined || own.scored < horizon / 2) continue;
    sums.own.push(own.quantileLoss);
    sums.naive.push(forecastLoss(truth, reference.quantiles, horizon).quantileLoss);
    sums.inside.push(own.inside);
    sums.steps.push(own.scored);
  }
  return sums;
}
