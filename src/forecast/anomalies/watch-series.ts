import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";
import type { LocalClock } from "../local-clock.ts";
import { maskOutages } from "../masking.ts";
import { type AnomalyState, newAnomalyState } from "./anomaly-state.ts";
import { observeStep } from "./observe-step.ts";
import { relevelled } from "./relevel.ts";
import type { StepForecast } from "./standard-score.ts";

/** Of a series that was never watched, the last days are looked through. */
const LOOK_BACK_MS = 7 * DAY_MS;
/** The mean size of changes goes this share of the way to the newest. */
const CHANGE_FADE = 0.02;

/**
 * The detector brought to the end of `series`. `forecastOf` gives the one-step forecast that was made for the step that
 * starts at `ms`; where there is none (a first call, a missed cycle) a random walk stands in: the last value, with the
 * mean size of the changes before it.
 */
export function watchSeries(
  known: AnomalyState | undefined,
  series: DemandSeries,
  forecastOf: (ms: number) => StepForecast | undefined,
): AnomalyState {
  const { startMs, stepMs, values } = series;
  const nowMs = startMs + values.length * stepMs;
  const isUsable = known !== undefined && known.atMs <= nowMs && (known.stepMs === stepMs || known.atMs < 0);
  let state = isUsable ? known : newAnomalyState();
  const from = Math.max(0, Math.floor((Math.max(state.atMs, nowMs - LOOK_BACK_MS) - startMs) / stepMs));
  const walk = randomWalk();
  for (let row = Math.max(0, from - 48); row < values.length; row++) {
    const ms = startMs + row * stepMs;
    const value = values[row] ?? Number.NaN;
    if (row >= from) {
      const forecast = forecastOf(ms) ?? walk.forecast();
      if (forecast !== undefined) state = observeStep(state, { ms, stepMs, value, ...forecast });
    }
    walk.take(value);
  }
  return state;
}

/**
 * What members learn from and stand on: outages turned into gaps, and what lies before a level shift brought to the
 * level of now. See `maskOutages` and `relevelled`.
 */
export function steadyHistory(
  series: DemandSeries,
  clock: LocalClock,
  { shifts }: AnomalyState,
): DemandSeries {
  return relevelled(maskOutages(series, clock), clock, shifts);
}

const LEVELS = [0.05, 0.5, 0.95];
/** The 0.95 quantile of a normal law, in mean absolute deviations. */
const WIDTH = 1.645 * 1.2533;

function randomWalk(): { forecast(): StepForecast | undefined; take(value: number): void } {
  let last = Number.NaN;
  let size = Number.NaN;
  return {
    forecast: () =>
      Number.isNaN(last + size)
        ? undefined
        : { levels: LEVELS, quantiles: [Math.max(0, last - WIDTH * size), last, last + WIDTH * size] },
    take: (value) => {
      if (Number.isNaN(value)) return;
      const change = Math.abs(value - last);
      // One leap says little of the changes to come.
      if (Number.isNaN(size)) size = Number.isNaN(change) ? size : change;
      else size += CHANGE_FADE * (Math.min(change, 5 * size + 1e-9 * Math.abs(value)) - size);
      last = value;
    },
  };
}
