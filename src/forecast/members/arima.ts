import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";
import { defineForecaster, type Forecaster } from "../forecaster.ts";
import { type ArmaLaw, type ArmaRun, continueArma, integrate, runArma } from "../kernels/arma.ts";
import { fitArma } from "../kernels/arma-fit.ts";
import { fitAr } from "../kernels/autoregression.ts";
import {
  type ErrorQuantiles,
  offsetRows,
  type PastErrors,
  tallyPastErrors,
} from "../kernels/error-quantiles.ts";
import { type ErrorScale, errorScale, scaleAt } from "../kernels/error-scale.ts";
import {
  type HarmonicDesign,
  type HarmonicPattern,
  type HarmonicSums,
  harmonicAt,
  harmonicDesign,
  harmonicPattern,
  harmonicSums,
  slotValues,
} from "../kernels/harmonic-pattern.ts";
import { daySlots } from "../kernels/local-cells.ts";
import { type FourierOrders, hourlyPairs, localSlots } from "../kernels/seasonal-fit.ts";
import { robustScale } from "../kernels/statistics.ts";
import { inUnits } from "../kernels/unit-scale.ts";
import type { LocalClock } from "../local-clock.ts";

interface ArimaState extends ArmaLaw {
  readonly pattern: HarmonicPattern;
  /** Largest innovation that counts in full. */
  readonly limit: number;
  readonly scale: ErrorScale;
  readonly errors: ErrorQuantiles;
}

/** Fourier pairs on offer: of the day and of the week. */
const ORDERS: readonly (readonly [daily: number, weekly: number])[] = [
  [0, 0],
  [2, 0],
  [5, 0],
  [10, 0],
  [5, 3],
  [10, 6],
];
/** Order of the AR law that stands for the ARMA law while Fourier orders are chosen. */
const STAND_IN_AR = 8;
const ORIGINS = 240;
/** Robust standard deviations up to which an innovation counts in full. */
const LIMIT = 6;
/** Steps run anew to know the innovations that a forecast goes on from. */
const MEMORY_STEPS = 400;

/**
 * Dynamic harmonic regression with ARIMA(p,d,q) errors (Hyndman and Athanasopoulos, FPP3 §10.5): Fourier terms
 * of the local day, week and hour and both ARMA orders by AICc, separately for d = 0 and d = 1. Between these
 * two AICc cannot judge fairly (they do not describe the same values), so the smaller past multi-step error
 * decides. Intervals from past multi-step errors.
 */
export const arima: Forecaster = defineForecaster(
  inUnits<ArimaState>({
    name: "arima",
    cost: "light",
    needs: { knownSteps: 48, spanMs: 2 * DAY_MS },
    estimate: (history, { clock }) => {
      if (history.stepMs > DAY_MS / 4) return "needs at least four steps a day";
      const offer = ordersOnOffer(history, clock);
      const plain = fitVariant(history, clock, offer, false);
      const integrated = fitVariant(history, clock, offer, true);
      return integrated.size < plain.size ? integrated.state : plain.state;
    },
    quantiles: (state, history, { clock }, steps, levels) => {
      const { stepMs, startMs, values } = history;
      const tail = deviations(history, clock, state.pattern, values.length - MEMORY_STEPS);
      const run = runArma(state, tail, state.limit);
      const path = continueArma(state, run, tail.length, steps[steps.length - 1] ?? 1);
      const rows = offsetRows(state.errors, steps, levels);
      steps.forEach((step, j) => {
        const atMs = startMs + (values.length + step - 1) * stepMs;
        const point = harmonicAt(state.pattern, clock.localMs(atMs)) + (path[step - 1] ?? 0);
        const width = scaleAt(state.scale, clock, atMs);
        for (const row of rows) row[j] = point + (row[j] ?? 0) * width;
      });
      return rows;
    },
  }),
);

function fitVariant(
  history: DemandSeries,
  clock: LocalClock,
  offer: OrderChoice,
  integrated: boolean,
): { readonly state: ArimaState; readonly size: number } {
  const { sums, orders, parameters } = chooseOrders(offer, history.values, integrated);
  const pattern = harmonicPattern(sums, orders);
  const errors = deviations(history, clock, pattern, 0);
  const fit = fitArma(integrated ? changesOf(errors) : errors, parameters);
  const law: ArmaLaw = integrated ? integrate(fit) : { phi: fit.phi, theta: fit.theta };
  const plain = runArma(law, errors).innovations.filter((_, i) => !Number.isNaN(errors[i]));
  const limit = LIMIT * robustScale(plain) || Number.POSITIVE_INFINITY;
  const run = runArma(law, errors, limit);
  const slots = daySlots(history, clock);
  // Of an integrated series the size of the deviation says nothing, that of the innovation does.
  const judged = integrated
    ? run.innovations.map((e, i) => (Number.isNaN(errors[i]) ? Number.NaN : e))
    : errors;
  const scale = errorScale(judged, slots);
  const scales = Float64Array.from(slots.slotOf, (slot) => scale.values[slot] ?? 1);
  const dayAhead = Math.max(1, Math.round(DAY_MS / history.stepMs));
  const past = pastErrors(law, run, errors, scales, dayAhead);
  return { state: { ...law, pattern, limit, scale, errors: past.errors }, size: past.size };
}

interface OrderChoice {
  readonly pairs: readonly (readonly [daily: number, weekly: number])[];
  readonly hours: readonly number[];
  readonly design: HarmonicDesign;
}

/** The Fourier orders that grid and length of the history allow. */
function ordersOnOffer(history: DemandSeries, clock: LocalClock): OrderChoice {
  const { stepMs, values } = history;
  const weekly = values.length * stepMs >= 13.5 * DAY_MS;
  const slots = localSlots(history, clock, weekly);
  const hourly = hourlyPairs(stepMs);
  const pairs = ORDERS.filter(([daily, week]) => (week === 0 || weekly) && 2 * daily < slots.daySlots);
  const daily = Math.max(...pairs.map(([day]) => day));
  const largest = { daily, weekly: Math.max(...pairs.map(([, week]) => week)), hourly };
  return { pairs, hours: hourly > 0 ? [0, hourly] : [0], design: harmonicDesign(slots, largest) };
}

interface ChosenOrders {
  readonly sums: HarmonicSums;
  readonly orders: FourierOrders;
  readonly parameters: number;
}

/** The Fourier orders with the smallest AICc of AR innovations. */
function chooseOrders(
  { pairs, hours, design }: OrderChoice,
  own: Float64Array,
  integrated: boolean,
): ChosenOrders {
  const values = integrated ? changesOf(own) : own;
  const sums = harmonicSums(values, design, integrated);
  const { slotOf } = design.slots;
  const errors = new Float64Array(values.length);
  const offer = hours.flatMap((hourly) => pairs.map(([daily, weekly]) => ({ daily, weekly, hourly })));
  let best: (ChosenOrders & { readonly aicc: number }) | undefined;
  for (const orders of offer) {
    const bySlot = slotValues(sums, orders);
    for (let i = 0; i < errors.length; i++) errors[i] = (values[i] ?? 0) - (bySlot[slotOf[i] ?? 0] ?? 0);
    const parameters = 1 + 2 * (orders.daily + orders.weekly + orders.hourly);
    const { aicc } = fitAr(errors, STAND_IN_AR, parameters);
    if (best === undefined || aicc < best.aicc) best = { sums, orders, parameters, aicc };
  }
  return best ?? { sums, orders: { daily: 0, weekly: 0, hourly: 0 }, parameters: 1 };
}

/** Values minus the pattern from step `from` on. */
function deviations(
  { startMs, stepMs, values }: DemandSeries,
  clock: LocalClock,
  pattern: HarmonicPattern,
  from: number,
): Float64Array {
  const first = Math.max(0, from);
  return values
    .subarray(first)
    .map((value, i) => value - harmonicAt(pattern, clock.localMs(startMs + (first + i) * stepMs)));
}

/** From each step to the next; the first is a gap. */
function changesOf(values: Float64Array): Float64Array {
  return values.map((value, i) => (i === 0 ? Number.NaN : value - (values[i - 1] ?? Number.NaN)));
}

/** Scaled errors of forecasts from about 240 steps of the past, per horizon, and their mean size. */
function pastErrors(
  law: ArmaLaw,
  run: ArmaRun,
  errors: Float64Array,
  scale: Float64Array,
  horizonSteps: number,
): PastErrors {
  // Variants are compared by unscaled sizes: they have scales of their own.
  const tally = tallyPastErrors(horizonSteps, scale);
  const first = Math.min(errors.length >> 2, 48);
  const stride = Math.max(1, Math.floor((errors.length - first) / ORIGINS));
  for (let origin = first; origin < errors.length; origin += stride) {
    const path = continueArma(law, run, origin, Math.min(horizonSteps, errors.length - origin));
    tally.add(origin, errors, path);
  }
  return tally.close();
}
