import { describe, expect, it } from "vitest";
import { pinball } from "../../../src/forecast/ensemble/weights.ts";
import type { Forecaster } from "../../../src/forecast/forecaster.ts";
import { localClock } from "../../../src/forecast/local-clock.ts";
import { lstm } from "../../../src/forecast/members/lstm.ts";
import { naive } from "../../../src/forecast/members/naive.ts";
import { seasonalNaive } from "../../../src/forecast/members/seasonal-naive.ts";
import { transformer } from "../../../src/forecast/members/transformer.ts";
import { trainShared } from "../../../src/forecast/neural/shared-training.ts";
import { type DemandSeries, endMs } from "../../../src/model/series.ts";
import { DAY_MS, MINUTE_MS } from "../../../src/model/time.ts";
import { randomStream, seriesOf } from "../fixtures.ts";

const STEP = 15 * MINUTE_MS;
const DAY = DAY_MS / STEP;

/** A daily pattern times a level that wanders for ever, with noise: yesterday has the shape, now the level. */
function wandering(days: number, seed: number): DemandSeries {
  const random = randomStream(seed);
  const bell = (): number => random() + random() + random() - 1.5;
  const peak = 2 * Math.PI * random();
  const height = 0.3 + 0.5 * random();
  let level = Math.log(50 + 500 * random());
  const values = Array.from({ length: days * DAY }, (_, i) => {
    level += 0.06 * bell();
    const pattern = Math.exp(height * Math.sin((2 * Math.PI * i) / DAY + peak));
    return Math.exp(level) * pattern * (1 + 0.06 * bell());
  });
  return seriesOf(values, STEP);
}

function clockOf(series: DemandSeries) {
  return localClock("UTC", series.startMs, endMs(series) + 2 * DAY_MS);
}

/** Pinball loss at 0.1, 0.5 and 0.9 over the next day, summed over origins four hours apart. */
function dayLoss(member: Forecaster, whole: DemandSeries, days: number, shared?: object): number {
  const known = seriesOf(whole.values.subarray(0, days * DAY), STEP);
  const context = { clock: clockOf(whole), ...(shared !== undefined && { shared }) };
  const outcome = member.fit(known, context);
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  let sum = 0;
  for (let later = 0; later < 2 * DAY; later += DAY / 6) {
    const end = days * DAY + later;
    const model = outcome.model.advance(seriesOf(whole.values.subarray(0, end), STEP));
    const rows = model.forecast(DAY, [0.1, 0.5, 0.9]).quantiles;
    [0.1, 0.5, 0.9].forEach((level, l) => {
      rows[l]?.forEach((value, h) => {
        sum += pinball(whole.values[end + h] ?? Number.NaN, value, level);
      });
    });
  }
  return sum;
}

describe.each([lstm, transformer])("$name", { timeout: 60_000 }, (member) => {
  it("learns a daily pattern whose level wanders: a day ahead it beats last value and yesterday", () => {
    const loss = { own: 0, last: 0, yesterday: 0 };
    for (const seed of [1, 2]) {
      const whole = wandering(17, seed);
      loss.own += dayLoss(member, whole, 14);
      loss.last += dayLoss(naive, whole, 14);
      loss.yesterday += dayLoss(seasonalNaive, whole, 14);
    }
    expect(loss.own).toBeLessThan(0.9 * loss.last);
    expect(loss.own).toBeLessThan(0.9 * loss.yesterday);
  });

  it("knows more of a new series with weights from eight others", () => {
    const others = [11, 12, 13, 14, 15, 16, 17, 18].map((seed) => wandering(10, seed));
    const histories = others.map((history) => ({ history, clock: clockOf(history) }));
    const name = member.name === "lstm" ? "lstm" : "transformer";
    const shared = trainShared(name, histories, 5);
    const again = trainShared(name, histories, 5);
    expect(shared).toEqual(again);
    if (shared === undefined) throw new Error("nothing trained");
    let alone = 0;
    let helped = 0;
    for (const seed of [21, 22, 23]) {
      const whole = wandering(8, seed);
      alone += dayLoss(member, whole, 5);
      helped += dayLoss(member, whole, 5, shared);
    }
    expect(helped).toBeLessThan(0.97 * alone);
  });

  it("goes on from the weights of the fit before", () => {
    const whole = wandering(14, 3);
    const before = member.fit(seriesOf(whole.values.subarray(0, 13 * DAY), STEP), { clock: clockOf(whole) });
    if (before.kind === "refused") throw new Error(before.reason);
    const cold = member.fit(whole, { clock: clockOf(whole) });
    const warm = member.fit(whole, { clock: clockOf(whole) }, before.model.state);
    if (cold.kind === "refused" || warm.kind === "refused") throw new Error("refused");
    expect(warm.model.state).not.toEqual(cold.model.state);
    const foreign = member.fit(whole, { clock: clockOf(whole) }, { network: "another" });
    if (foreign.kind === "refused") throw new Error(foreign.reason);
    expect(foreign.model.state).toEqual(cold.model.state);
  });

  it("refuses less than four days, and demand without change, in words", () => {
    const whole = wandering(5, 4);
    const reasonOf = (series: DemandSeries): string => {
      const outcome = member.fit(series, { clock: clockOf(series) });
      return outcome.kind === "refused" ? outcome.reason : "";
    };
    expect(reasonOf(seriesOf(whole.values.subarray(0, 3.9 * DAY), STEP))).toMatch(/needs 96.0 h of history/);
    expect(
      reasonOf(
        seriesOf(
          whole.values.map(() => 12),
          STEP,
        ),
      ),
    ).toBe("demand is constant");
  });

  it("answers on grids of a minute and of an hour", () => {
    for (const stepMs of [MINUTE_MS, 60 * MINUTE_MS]) {
      const random = randomStream(6);
      const steps = Math.round((4.2 * DAY_MS) / stepMs);
      const wave = (i: number): number => 100 + 50 * Math.sin((2 * Math.PI * i * stepMs) / DAY_MS);
      const series = seriesOf(
        Array.from({ length: steps }, (_, i) => wave(i) + 5 * random()),
        stepMs,
      );
      const outcome = member.fit(series, { clock: clockOf(series) });
      if (outcome.kind === "refused") throw new Error(outcome.reason);
      const ahead = Math.round(DAY_MS / 2 / stepMs);
      const middle = outcome.model.forecast(ahead, [0.5]).quantiles[0] ?? new Float64Array(0);
      const error =
        middle.reduce((sum, value, h) => sum + Math.abs(value - 2.5 - wave(steps + h)), 0) / ahead;
      // The wave moves by 100.
      expect(error).toBeLessThan(9);
    }
  });
});

describe("shared training", () => {
  it("has nothing to learn from short or constant histories", () => {
    const short = wandering(2, 1);
    const flat = seriesOf(new Float64Array(10 * DAY).fill(3), STEP);
    const histories = [short, flat].map((history) => ({ history, clock: clockOf(history) }));
    expect(trainShared("lstm", histories, 1)).toBeUndefined();
  });
});
