import { describe, expect, test } from "vitest";
import { FORECAST_LEVELS } from "../../src/model/forecast.ts";
import { epochMs, MINUTE_MS } from "../../src/model/time.ts";
import { figures } from "../../src/simulate/figures.ts";
import type { ForecastBlock } from "../../src/simulate/replay-job.ts";
import { replaySettings, TIERCAST_KNOBS } from "../../src/simulate/replay-settings.ts";
import { runTiercast } from "../../src/simulate/replay-tiercast.ts";
import { decisionsThatMattered } from "../../src/simulate/report-matters.ts";
import { timelineRows } from "../../src/simulate/report-timeline.ts";
import { traceWorld } from "../../src/simulate/world.ts";

const STEPS = 288 * 5;
const GAP = 288 * 4 + 3;
const values = Float64Array.from({ length: STEPS }, (_, i) =>
  i === GAP ? Number.NaN : 100 + 60 * Math.sin((2 * Math.PI * i) / 288) + ((i * 7) % 11),
);
const world = traceWorld({
  startMs: epochMs(Date.UTC(2026, 0, 5)),
  stepMs: (5 * MINUTE_MS) as never,
  values,
});

/** A forecast of the truth, 10 % wide at each end; nothing for the steps in `without`. */
function block(without: (step: number) => boolean = () => false): ForecastBlock {
  const fromStep = world.firstShown;
  const steps = STEPS - fromStep;
  const horizonSteps = world.leadSteps + 1;
  const list = new Float64Array(steps * FORECAST_LEVELS.length * horizonSteps);
  const truth = (step: number) => values[Math.min(step, STEPS - 1)] || 100;
  for (let i = 0; i < steps; i++) {
    FORECAST_LEVELS.forEach((level, k) => {
      for (let ahead = 0; ahead < horizonSteps; ahead++) {
        const at = (i * FORECAST_LEVELS.length + k) * horizonSteps + ahead;
        list[at] = truth(fromStep + i + ahead) * (0.9 + 0.2 * level);
      }
    });
  }
  const known = Float64Array.from({ length: steps }, (_, i) => (without(fromStep + i) ? Number.NaN : 0));
  return {
    fromStep,
    steps,
    horizonSteps,
    values: list,
    anomalyScore: known,
    coverage90: new Float64Array(steps).fill(0.9),
    relativeError: new Float64Array(steps).fill(0.5),
    lossRatio: new Float64Array(steps).fill(0.5),
    effectiveCount: new Float64Array(steps).fill(100),
    findings: [],
    reviews: [],
    fits: 0,
    spentMs: 0,
  };
}

const knob = (name: string) => {
  const found = TIERCAST_KNOBS.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no knob ${name}`);
  return found;
};
const runAt = (name: string, given = block()) =>
  runTiercast(world, replaySettings(world, knob(name)), [given], true);
const units = (rps: number) => Math.max(1, Math.ceil(rps / world.unitRps - 1e-9));

describe("runTiercast", () => {
  test("capacity is there when demand is: the lead time is decided ahead", () => {
    const { timeline } = runAt("0.95");
    for (let step = world.firstScored; step < STEPS; step++) {
      if (step === GAP) continue;
      expect(timeline.readyUnits[step - timeline.firstStep]).toBeGreaterThanOrEqual(units(values[step] ?? 0));
    }
  });

  test("tiers add up to what is requested; ready never above it", () => {
    const { timeline } = runAt("0.9");
    timeline.requestedUnits.forEach((requested, row) => {
      const { baseline, predictive, burst } = timeline.tiers ?? { baseline: [], predictive: [], burst: [] };
      expect((baseline[row] ?? 0) + (predictive[row] ?? 0) + (burst[row] ?? 0)).toBe(requested);
      expect(timeline.readyUnits[row]).toBeLessThanOrEqual(requested);
    });
  });

  test("never below what was seen last, and it follows without a forecast", () => {
    const { timeline, decisions } = runAt(
      "0.9",
      block(() => true),
    );
    const step = world.firstScored + 40;
    expect(decisions[step - timeline.firstStep]?.risk.strategy).toBe("reactive-only");
    expect(timeline.requestedUnits[step - timeline.firstStep]).toBeGreaterThanOrEqual(
      units(values[step - 1] ?? 0),
    );
  });

  test("after a gap nothing shrinks", () => {
    const { timeline } = runAt("0.9");
    const at = (step: number) => timeline.requestedUnits[step - timeline.firstStep] ?? 0;
    expect(at(GAP + 1)).toBeGreaterThanOrEqual(at(GAP));
  });

  test("a safer knob never has fewer unit-hours; the sweep spans cheap to safe", () => {
    const spread = (column: readonly number[]) => {
      const whole = new Float64Array(STEPS);
      whole.set(column, world.firstShown);
      return whole;
    };
    // Pairs of a high quantile and a low share lie in between, in no order.
    const ordered = TIERCAST_KNOBS.filter((own) => own.quantile === 0.5 || own.marginFraction >= 0);
    const swept = ordered.map((own) => {
      const { timeline } = runTiercast(world, replaySettings(world, own), [block()]);
      return figures(
        { requestedUnits: spread(timeline.requestedUnits), readyUnits: spread(timeline.readyUnits) },
        world,
      );
    });
    const hours = swept.map((point) => point.unitHours);
    expect(hours).toEqual(hours.toSorted((a, b) => a - b));
    expect(swept[0]?.violationShare).toBeGreaterThan(0.1);
    expect(swept.at(-1)?.violationShare).toBe(0);
  });

  test("the same bytes again", () => {
    expect(runAt("0.9")).toEqual(runAt("0.9"));
  });
});

describe("what is told of a run", () => {
  test("a row for each step, gaps included, ISO times", () => {
    const { timeline } = runAt("0.9");
    const rows = [...timelineRows(timeline, world)];
    expect(rows[0]).toBe("timestamp,ready_units,requested_units,warm_units,baseline,predictive,burst");
    expect(rows).toHaveLength(STEPS - world.firstShown + 1);
    const first = new Date(world.series.startMs + world.firstShown * 5 * MINUTE_MS).toISOString();
    expect(rows[1]?.startsWith(`${first.replace(".000Z", "Z")},`)).toBe(true);
  });

  test("the hours that set it apart from the HPA name a decision that could still tell", () => {
    const own = runAt("0.95");
    const starved = runAt("0.5x0.75");
    const run = (timeline: typeof own.timeline, policy: "tiercast" | "hpa") => ({
      policy,
      knob: "k",
      timeline,
      figures: {} as never,
    });
    const shown = {
      run: run(own.timeline, "tiercast"),
      decisions: own.decisions,
      hpa: run(starved.timeline, "hpa"),
    };
    const { saved, lost } = decisionsThatMattered(world, shown);
    expect(lost).toEqual([]);
    expect(saved).toHaveLength(5);
    for (const { hourMs, violationShare, hpaViolationShare, decision } of saved) {
      expect(hpaViolationShare).toBeGreaterThan(violationShare);
      expect(decision.atMs).toBeLessThan(hourMs + 60 * MINUTE_MS - 10 * MINUTE_MS);
      expect(decision.why).not.toBe("");
    }
  });
});
