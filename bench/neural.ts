/**
 * What the neural members cost and what shared weights are worth, on made-up series of 14 days at 5 minutes.
 *
 *     node bench/neural.ts [--series 8] [--json FILE]
 *
 * CPU time, not wall time. Losses are pinball losses at 0.1, 0.5 and 0.9 over the next day, relative to naive, on
 * series that shared training has not seen: with 14 days of history and with 5.
 */
import { parseArgs } from "node:util";
import { pinball } from "../src/forecast/ensemble/weights.ts";
import type { FittedForecaster, Forecaster } from "../src/forecast/forecaster.ts";
import { localClock } from "../src/forecast/local-clock.ts";
import { lstm } from "../src/forecast/members/lstm.ts";
import { naive } from "../src/forecast/members/naive.ts";
import { transformer } from "../src/forecast/members/transformer.ts";
import { seededRandom } from "../src/forecast/neural/random.ts";
import { trainShared } from "../src/forecast/neural/shared-training.ts";
import { FORECAST_LEVELS } from "../src/model/forecast.ts";
import type { DemandSeries } from "../src/model/series.ts";
import { DAY_MS, durationMs, epochMs, MINUTE_MS } from "../src/model/time.ts";
import { countOption } from "./parts/count-option.ts";
import { finishReport, startReport } from "./parts/report.ts";

const STEP_MS = 5 * MINUTE_MS;
const DAY = DAY_MS / STEP_MS;
const START_MS = Date.UTC(2026, 0, 5);
const UNSEEN = [101, 102, 103];

const { values: args } = parseArgs({
  options: { series: { type: "string", default: "8" }, json: { type: "string" } },
});
const count = countOption("series", args.series);
const started = startReport("neural");
const samples = ([lstm, transformer] as const).map((member) => measure(member));
finishReport(
  {
    ...started,
    header: ["ms CPU, relative loss", ...samples.map(({ name }) => name)],
    rows: (Object.keys(samples[0]?.figures ?? {}) as (keyof Figures)[]).map((figure) => [
      figure,
      ...samples.map(({ figures }) => figures[figure].toFixed(figure.startsWith("loss") ? 3 : 1)),
    ]),
    checks: samples.flatMap(({ name, figures }) => [
      bar(`${name}: training alone`, figures["training alone"], 2500),
      bar(`${name}: training from the day before`, figures["training from the day before"], 800),
      bar(`${name}: forecast 288 x 17`, figures["forecast 288 x 17"], 2),
      bar(`${name}: 24 steps x 17`, figures["24 steps x 17"], 2),
    ]),
    samples,
  },
  args.json,
);

function bar(what: string, measuredMs: number, barMs: number) {
  return { what, measured: `${measuredMs.toFixed(2)} ms`, bar: `${barMs} ms`, met: measuredMs <= barMs };
}

type Figures = ReturnType<typeof figuresOf>;

function measure(member: Forecaster) {
  return { name: member.name, figures: figuresOf(member) };
}

function figuresOf(member: Forecaster) {
  const name = member.name === "lstm" ? "lstm" : "transformer";
  const histories = Array.from({ length: count }, (_, i) => made(14, i + 1)).map((history) => ({
    history,
    clock: clockOf(history),
  }));
  const together = cpu(() => trainShared(name, histories, 1));
  const whole = made(16, 99);
  const known = until(whole, 14);
  const clock = clockOf(whole);
  fitOn(member, known, { clock });
  const cold = cpu(() => fitOn(member, known, { clock }));
  const warm = cpu(() => fitOn(member, known, { clock }, cold.value.state));
  const shared = together.value === undefined ? {} : { shared: together.value };
  const tuned = cpu(() => fitOn(member, known, { clock, ...shared }));
  const steps = Array.from({ length: 24 }, (_, i) => 1 + 12 * i);
  const repeated = (ask: () => unknown): number => {
    for (let i = 0; i < 20; i++) ask();
    return cpu(() => Array.from({ length: 100 }, ask)).ms / 100;
  };
  return {
    "training alone": cold.ms,
    "training from the day before": warm.ms,
    "tuning shared weights": tuned.ms,
    "shared training": together.ms,
    "forecast 288 x 17": repeated(() => tuned.value.forecast(DAY, FORECAST_LEVELS)),
    "24 steps x 17": repeated(() => tuned.value.at(steps, FORECAST_LEVELS)),
    "loss alone, 14 days": relativeLoss(member, 14, {}),
    "loss shared, 14 days": relativeLoss(member, 14, shared),
    "loss alone, 5 days": relativeLoss(member, 5, {}),
    "loss shared, 5 days": relativeLoss(member, 5, shared),
  };
}

function relativeLoss(member: Forecaster, days: number, shared: { shared?: object }): number {
  let own = 0;
  let reference = 0;
  for (const seed of UNSEEN) {
    const whole = made(days + 3, seed);
    const context = { clock: clockOf(whole), ...shared };
    own += dayLoss(fitOn(member, until(whole, days), context), whole, days);
    reference += dayLoss(fitOn(naive, until(whole, days), context), whole, days);
  }
  return own / reference;
}

/** Origins four hours apart over two days. */
function dayLoss(fitted: FittedForecaster, whole: DemandSeries, days: number): number {
  let sum = 0;
  for (let later = 0; later < 2 * DAY; later += DAY / 6) {
    const history = until(whole, days + later / DAY);
    const rows = fitted.advance(history).forecast(DAY, [0.1, 0.5, 0.9]).quantiles;
    [0.1, 0.5, 0.9].forEach((level, l) => {
      rows[l]?.forEach((value, h) => {
        sum += pinball(whole.values[history.values.length + h] ?? Number.NaN, value, level);
      });
    });
  }
  return sum;
}

function fitOn(
  member: Forecaster,
  history: DemandSeries,
  context: Parameters<Forecaster["fit"]>[1],
  previous?: object,
): FittedForecaster {
  const outcome = member.fit(history, context, previous);
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  return outcome.model;
}

function cpu<Value>(work: () => Value): { readonly value: Value; readonly ms: number } {
  const before = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(before);
  return { value, ms: (user + system) / 1000 };
}

function until(whole: DemandSeries, days: number): DemandSeries {
  return { ...whole, values: whole.values.subarray(0, Math.round(days * DAY)) };
}

function clockOf(history: DemandSeries) {
  return localClock("UTC", history.startMs, history.startMs + history.values.length * STEP_MS + 2 * DAY_MS);
}

/** A daily pattern of its own shape, quieter weekends, a level that wanders, noise. */
function made(days: number, seed: number): DemandSeries {
  const random = seededRandom(seed);
  const bell = (): number => random() + random() + random() - 1.5;
  const [peak, second, height] = [2 * Math.PI * random(), 2 * Math.PI * random(), 0.3 + 0.6 * random()];
  const weekend = 0.6 + 0.4 * random();
  let level = Math.log(20 + 500 * random());
  const values = Float64Array.from({ length: Math.round(days * DAY) }, (_, i) => {
    level += 0.03 * bell();
    const angle = (2 * Math.PI * i) / DAY;
    const pattern = Math.exp(height * Math.sin(angle + peak) + 0.3 * height * Math.sin(2 * angle + second));
    const day = Math.floor(i / DAY) % 7;
    return Math.exp(level) * pattern * (day > 4 ? weekend : 1) * (1 + 0.1 * bell());
  });
  return { startMs: epochMs(START_MS), stepMs: durationMs(STEP_MS), values };
}
