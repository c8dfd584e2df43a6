import type { FittedForecaster } from "../../src/forecast/forecaster.ts";
import { localClock } from "../../src/forecast/local-clock.ts";
import { maskTraining } from "../../src/forecast/masking.ts";
import { dhrAr } from "../../src/forecast/members/dhr-ar.ts";
import { level } from "../../src/forecast/members/level.ts";
import { naive } from "../../src/forecast/members/naive.ts";
import { seasonalQuantiles } from "../../src/forecast/members/seasonal-quantiles.ts";
import { FORECAST_LEVELS } from "../../src/model/forecast.ts";
import { type DemandSeries, endMs } from "../../src/model/series.ts";
import { DAY_MS } from "../../src/model/time.ts";

const MEMBERS = [naive, level, dhrAr, seasonalQuantiles];
const TRAIN_MS = 14 * DAY_MS;
/** Loss of a member fades with this many steps. */
const FADE = 1 - 1 / 288;
const POWER = 6;
const LOSS_ROWS = [3, 7, 11];

/**
 * One-step quantile forecasts along a whole series, from what was known before each step: four light members, refitted
 * every half day on the last 14 days with outages masked, weighted by their recent loss. Calls `use` with each step's
 * forecast; undefined before the first fit.
 */
export function forecastAlong(
  series: DemandSeries,
  use: (row: number, quantiles: Float64Array | undefined) => void,
): void {
  const { startMs, stepMs, values } = series;
  const clock = localClock("UTC", startMs, endMs(series) + DAY_MS);
  const refit = Math.max(1, Math.round(DAY_MS / 2 / stepMs));
  const train = Math.round(TRAIN_MS / stepMs);
  const losses = MEMBERS.map(() => 0);
  let models: (FittedForecaster | undefined)[] = [];
  for (let row = 0; row < values.length; row++) {
    const from = Math.max(0, row - train);
    const history: DemandSeries = {
      startMs: (startMs + from * stepMs) as DemandSeries["startMs"],
      stepMs,
      values: values.subarray(from, row),
    };
    if (row === 36 || (row > 36 && row % refit === 0)) {
      const masked = maskTraining(history, clock);
      models = MEMBERS.map((member) => {
        const fit = member.fit(masked, { clock });
        return fit.kind === "fitted" ? fit.model : undefined;
      });
    }
    const rows = models.map((model) =>
      model
        ?.advance(history)
        .at([1], FORECAST_LEVELS)
        .map((one) => one[0] ?? Number.NaN),
    );
    use(row, blend(rows, losses));
    settle(rows, losses, values[row] ?? Number.NaN);
  }
}

function blend(
  rows: readonly (readonly number[] | undefined)[],
  losses: readonly number[],
): Float64Array | undefined {
  const best = Math.min(...losses.filter((_, m) => rows[m] !== undefined));
  const weights = rows.map((row, m) =>
    row === undefined ? 0 : ((best + 1e-12) / ((losses[m] ?? 0) + 1e-12)) ** POWER,
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) return undefined;
  return Float64Array.from(FORECAST_LEVELS, (_, k) =>
    rows.reduce((sum, row, m) => sum + ((weights[m] ?? 0) / total) * (row?.[k] ?? 0), 0),
  );
}

function settle(rows: readonly (readonly number[] | undefined)[], losses: number[], truth: number): void {
  if (Number.isNaN(truth)) return;
  rows.forEach((row, m) => {
    if (row === undefined) return;
    let loss = 0;
    for (const k of LOSS_ROWS) {
      const miss = truth - (row[k] ?? 0);
      const tau = FORECAST_LEVELS[k] ?? 0.5;
      loss += Math.max(tau * miss, (tau - 1) * miss);
    }
    losses[m] = FADE * (losses[m] ?? 0) + (1 - FADE) * loss;
  });
}
