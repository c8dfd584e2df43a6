import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, MINUTE_MS } from "../../model/time.ts";
import { defineForecaster, type ForecastContext, type Forecaster } from "../forecaster.ts";
import { type Autoregression, arErrorQuantiles, continueAr, fitAr } from "../kernels/autoregression.ts";
import { offsetRows } from "../kernels/error-quantiles.ts";
import { type ErrorScale, errorScale, scaleAt } from "../kernels/error-scale.ts";
import type { SlotSums } from "../kernels/seasonal-fit.ts";
import { evaluateCurve, type ProphetCurve } from "../prophet/prophet-curve.ts";
import { gridCells, seasonalitiesFor } from "../prophet/prophet-design.ts";
import { changeWithin, type EventEffect, eventsWithin } from "../prophet/prophet-events.ts";
import { fitProphet } from "../prophet/prophet-fit.ts";

/** Everything needed to answer, in about 2.5 kB: restoring one estimates nothing. */
interface ProphetState extends Autoregression {
  readonly curve: ProphetCurve;
  /** From the start of a step to the start of the mean whose middle is the step's. */
  readonly shiftMs: number;
  /** Of the kinds of event seen in this history, and of those seen in earlier ones only. */
  readonly effects: readonly EventEffect[];
  readonly scale: ErrorScale;
}

const MAX_AR = 18;
const SCALE_STEP_MS = 30 * MINUTE_MS;
/** Errors grow with demand during an event; not past this, however strong it is. */
const WIDEST = 4;

/**
 * Prophet (Taylor and Letham 2018) on 15-minute means, with an AR law on its errors: alone it ignores the last
 * value and is 1.6 times worse than naive an hour ahead. The model, its priors and its data are those of
 * Prophet's Stan program; the top of its posterior is found exactly. Intervals come from past errors, as
 * Prophet's own are drawn at random.
 */
export const prophet: Forecaster = defineForecaster<ProphetState>({
  name: "prophet",
  cost: "heavy",
  takesEvents: true,
  needs: { knownSteps: 96, spanMs: 2 * DAY_MS },
  estimate: (history, context, previous) => {
    const { stepMs, values } = history;
    if (stepMs > DAY_MS / 8) return "needs at least eight steps a day";
    const cells = gridCells(history);
    const { means, gridMs } = cells;
    if (means.length < 96) return `needs 96 known means of ${gridMs / MINUTE_MS} min, has ${means.length}`;
    // Without any spread there is no scale to fit on; the other members answer constant demand exactly.
    if (spread(means) <= 1e-9 * Math.abs(means[0] ?? 0)) return "demand is constant";
    const events = context.events ?? [];
    const seasonalities = seasonalitiesFor(values.length * stepMs);
    const fit = fitProphet(cells, context.clock, seasonalities, events);
    const older = previous?.effects.filter(({ kind }) => fit.effects.every((own) => own.kind !== kind)) ?? [];
    const law = {
      curve: fit.curve,
      effects: [...fit.effects, ...older],
      shiftMs: (gridMs - stepMs) / 2,
    };
    const { points, widths } = expected(law, history, context, Int32Array.from(values.keys()));
    const errors = values.map((value, i) => value - (points[i] as number));
    const slots = scaleSlots(history, context);
    const scale = errorScale(
      errors.map((error, i) => error / (widths[i] as number)),
      slots,
    );
    const scales = widths.map((width, i) => width * (scale.values[slots.slotOf[i] ?? 0] ?? 1));
    const { coefficients } = fitAr(errors, MAX_AR, 0);
    const table = arErrorQuantiles(coefficients, errors, scales, Math.round(DAY_MS / stepMs));
    return {
      ...law,
      coefficients,
      // Seven digits of an error suffice, and halve the state.
      errors: { knots: table.knots, offsets: Float32Array.from(table.offsets) },
      scale,
    };
  },
  quantiles: (state, history, context, steps, levels) => {
    const { stepMs, startMs, values } = history;
    const from = Math.max(0, values.length - state.coefficients.length);
    const known = Int32Array.from(values.subarray(from), (_, i) => from + i);
    const recent = expected(state, history, context, known).points;
    const errors = values.subarray(from).map((value, i) => value - (recent[i] as number));
    const path = continueAr(state.coefficients, errors, steps[steps.length - 1] ?? 1);
    const targets = Int32Array.from(steps, (step) => values.length + step - 1);
    const { points, widths } = expected(state, history, context, targets);
    const rows = offsetRows(state.errors, steps, levels);
    steps.forEach((step, j) => {
      const atMs = startMs + (targets[j] as number) * stepMs;
      const point = (points[j] as number) + (path[step - 1] as number);
      const width = scaleAt(state.scale, context.clock, atMs) * (widths[j] as number);
      for (const row of rows) row[j] = point + (row[j] as number) * width;
    });
    return rows;
  },
});

/**
 * Prophet's point for the steps `at` (rising, counted from the start of `history`), events included, and how
 * much wider than usual errors are there.
 */
function expected(
  { curve, effects, shiftMs }: Pick<ProphetState, "curve" | "effects" | "shiftMs">,
  { startMs, stepMs }: DemandSeries,
  { clock, events = [] }: ForecastContext,
  at: Int32Array,
): { points: Float64Array; widths: Float64Array } {
  const startsMs = Float64Array.from(at, (index) => startMs + index * stepMs);
  const middles = startsMs.map((ms) => ms - shiftMs);
  const points = evaluateCurve(curve, clock, middles);
  const widths = new Float64Array(points.length).fill(1);
  const near = eventsWithin(events, startsMs[0] ?? 0, (startsMs[at.length - 1] ?? 0) + stepMs);
  if (near.length === 0) return { points, widths };
  startsMs.forEach((ms, i) => {
    const change = changeWithin(near, effects, ms, ms + stepMs);
    points[i] = (points[i] as number) + change * Math.max(0, points[i] as number);
    widths[i] = Math.min(WIDEST, 1 + Math.abs(change));
  });
  return { points, widths };
}

/** Half hours of the local day: enough for the size of errors, which is smoothed over two hours anyway. */
function scaleSlots(history: DemandSeries, { clock }: ForecastContext): SlotSums {
  const { startMs, values } = history;
  const stepMs = Math.max(SCALE_STEP_MS, history.stepMs);
  const slotOf = Int32Array.from(values, (_, i) => {
    const since = clock.localMs(startMs + i * history.stepMs) % DAY_MS;
    return Math.floor((since < 0 ? since + DAY_MS : since) / stepMs);
  });
  const slots = Math.ceil(DAY_MS / stepMs);
  return { stepMs, phaseMs: 0, slotOf, slots, daySlots: slots };
}

function spread(values: Float64Array): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return high - low;
}
