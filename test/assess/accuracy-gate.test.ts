import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextGate } from "../../src/assess/accuracy-gate.ts";
import { gateScores } from "../../src/assess/gate-scores.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { ForecastEvidence } from "../../src/model/forecast.ts";
import type { GateScores, GateState } from "../../src/model/gate.ts";
import type { GateSettings } from "../../src/model/settings.ts";
import { DAY_MS, HOUR_MS } from "../../src/model/time.ts";

const SETTINGS: GateSettings = {
  rule: "measured",
  demoteCoverage: 0.8,
  promoteCoverage: 0.85,
  demoteLoss: 1.05,
  promoteLoss: 1,
  dwellMs: DAY_MS,
  minScores: 48,
  headroomFraction: 0.25,
};
const NOW_MS = Date.UTC(2026, 2, 2);

function scores(coverage90: number | null, lossRatio: number | null, count = 200): GateScores {
  return { horizonMs: HOUR_MS, coverage90, lossRatio, count };
}

const GOOD = scores(0.91, 0.8);
const POOR = scores(0.7, 0.8);
const BETWEEN = scores(0.82, 0.9);
const FEW = scores(0.5, 3, 20);

function finding(kind: Finding["kind"], endMs: number | null = null): Finding {
  return {
    kind,
    direction: "up",
    startMs: 0,
    detectedMs: 0,
    endMs,
    severity: "medium",
    reason: `a ${kind} of demand`,
  };
}

function look(
  previous: GateState | null,
  seen: GateScores,
  atMs = NOW_MS,
  findings: readonly Finding[] = [],
  settings = SETTINGS,
): GateState {
  return nextGate({ previous, scores: seen, findings, settings, nowMs: atMs });
}

const ACTS = look(null, GOOD);
const STOPPED = look(ACTS, POOR);

describe("first look", () => {
  test.each([
    ["good scores: proven on its history", GOOD, true, "proven"],
    ["poor scores", POOR, false, "accuracy"],
    ["between the bars", BETWEEN, false, "unproven"],
    ["too few scores, however bad", FEW, false, "unproven"],
    ["no scores at all", scores(null, null, 0), false, "unproven"],
    ["coverage, but no loss yet", scores(0.9, null), false, "unproven"],
  ] as const)("%s", (_name, seen, acts, cause) => {
    expect(look(null, seen)).toMatchObject({ forecastActs: acts, cause, sinceMs: NOW_MS });
  });

  test("not proven yet says how many scores are missing", () => {
    expect(look(null, FEW).reason).toBe("not proven yet: 20 of 48 scores");
  });
});

describe("while it acts", () => {
  test.each([
    ["coverage below the floor", scores(0.79, 0.8), /held 79 % of 200 truths, below 80 %/],
    ["loss above the ceiling", scores(0.9, 1.06), /loss at 1h is 1.06 of naive's, above 1.05/],
  ])("%s stops it, with the figure", (_name, seen, reason) => {
    const state = look(ACTS, seen, NOW_MS + HOUR_MS);
    expect(state).toMatchObject({ forecastActs: false, cause: "accuracy", sinceMs: NOW_MS + HOUR_MS });
    expect(state.reason).toMatch(reason);
  });

  test.each([
    ["at the floor", scores(0.8, 1.05)],
    ["between the bars", BETWEEN],
    ["too few scores", FEW],
  ])("%s does not", (_name, seen) => {
    expect(look(ACTS, seen, NOW_MS + HOUR_MS)).toMatchObject({ forecastActs: true, sinceMs: NOW_MS });
  });

  test("drift stops it while it lasts, with its own words; a level shift, a surge and an ended drift do not", () => {
    expect(look(ACTS, GOOD, NOW_MS, [finding("drift")])).toMatchObject({
      forecastActs: false,
      cause: "regime-change",
      reason: "a drift of demand",
    });
    const others = [finding("level-shift"), finding("surge"), finding("outage"), finding("drift", NOW_MS)];
    expect(look(ACTS, GOOD, NOW_MS, others).forecastActs).toBe(true);
  });
});

describe("coming back", () => {
  const hours = (state: GateState, from: number, to: number, seen: GateScores): GateState => {
    let at = state;
    for (let hour = from; hour <= to; hour++) at = look(at, seen, NOW_MS + hour * HOUR_MS);
    return at;
  };

  test("after a whole dwell of good looks, not an hour before, and it says for how long", () => {
    expect(hours(STOPPED, 1, 24, GOOD).forecastActs).toBe(false);
    const back = hours(STOPPED, 1, 25, GOOD);
    expect(back).toMatchObject({ forecastActs: true, cause: "proven", sinceMs: NOW_MS + 25 * HOUR_MS });
    expect(back.reason).toMatch(/held 91 % of 200 truths and the loss at 1h is 0.80 of naive's, for 1d/);
  });

  test("one look between the bars begins the wait anew", () => {
    const broken = hours(hours(STOPPED, 1, 20, GOOD), 21, 21, BETWEEN);
    expect(hours(broken, 22, 40, GOOD).forecastActs).toBe(false);
    expect(hours(broken, 22, 46, GOOD).forecastActs).toBe(true);
  });

  test.each(["level-shift", "outage"] as const)("a %s that lasts does not count as good", (kind) => {
    let at = STOPPED;
    for (let hour = 1; hour <= 40; hour++) at = look(at, GOOD, NOW_MS + hour * HOUR_MS, [finding(kind)]);
    expect(at.forecastActs).toBe(false);
    expect(at.goodSinceMs).toBeNull();
  });

  test("an unproven forecast needs no dwell: it was never stopped", () => {
    const unproven = look(null, FEW);
    expect(look(unproven, GOOD, NOW_MS + HOUR_MS)).toMatchObject({ forecastActs: true });
    expect(look(unproven, POOR, NOW_MS + HOUR_MS)).toMatchObject({ cause: "accuracy", sinceMs: NOW_MS });
  });

  test("a clock that was set back does not make the wait longer than a dwell from now", () => {
    const waiting = look(STOPPED, GOOD, NOW_MS);
    const back = look(waiting, GOOD, NOW_MS - 10 * DAY_MS);
    expect(look(back, GOOD, NOW_MS - 9 * DAY_MS).forecastActs).toBe(true);
  });
});

test("switched off it always acts; switched on again it has to prove itself", () => {
  const off = look(STOPPED, POOR, NOW_MS, [], { ...SETTINGS, rule: "off" });
  expect(off).toMatchObject({ forecastActs: true, cause: "off" });
  expect(look(off, FEW, NOW_MS + HOUR_MS)).toMatchObject({ forecastActs: false, cause: "unproven" });
});

describe("laws", () => {
  const anyScores = fc.record({
    coverage: fc.option(fc.integer({ min: 0, max: 100 }), { nil: null }),
    loss: fc.option(fc.integer({ min: 10, max: 300 }), { nil: null }),
    count: fc.integer({ min: 0, max: 200 }),
    hours: fc.integer({ min: 1, max: 12 }),
    drift: fc.integer({ min: 0, max: 9 }),
  });
  const story = fc.array(anyScores, { minLength: 1, maxLength: 120 });
  type Told = typeof anyScores extends fc.Arbitrary<infer One> ? One : never;
  const seenOf = ({ coverage, loss, count }: Told): GateScores =>
    scores(coverage === null ? null : coverage / 100, loss === null ? null : loss / 100, count);

  function run(told: readonly Told[]): readonly { state: GateState; atMs: number; seen: GateScores }[] {
    let previous: GateState | null = null;
    let atMs = NOW_MS;
    return told.map((one) => {
      atMs += one.hours * HOUR_MS;
      const seen = seenOf(one);
      const state = look(previous, seen, atMs, one.drift === 0 ? [finding("drift")] : []);
      previous = state;
      return { state, atMs, seen };
    });
  }

  test("it never acts while enough scores say that coverage or loss is lost", () => {
    fc.assert(
      fc.property(story, (told) => {
        for (const { state, seen } of run(told)) {
          const enough = seen.count >= 48 && seen.coverage90 !== null && seen.lossRatio !== null;
          if (enough && ((seen.coverage90 ?? 1) < 0.8 || (seen.lossRatio ?? 0) > 1.05))
            expect(state.forecastActs).toBe(false);
        }
      }),
    );
  });

  test("it comes back at most once per dwell", () => {
    fc.assert(
      fc.property(story, (told) => {
        const seen = run(told);
        const back = seen.filter(
          ({ state }, i) => i > 0 && state.forecastActs && !seen[i - 1]?.state.forecastActs,
        );
        back.forEach(({ atMs }, i) => {
          const before = back[i - 1];
          if (before !== undefined) expect(atMs - before.atMs).toBeGreaterThanOrEqual(DAY_MS);
        });
      }),
    );
  });

  test("better scores never take the say away: same state, no worse look", () => {
    const arbitraryState = story.map((told) => run(told).at(-1)?.state ?? ACTS);
    const figure = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(arbitraryState, figure, figure, figure, figure, (state, cover, loss, more, less) => {
        const atMs = NOW_MS + 4000 * HOUR_MS;
        const worse = look(state, scores(Math.min(100, cover) / 100, loss / 100), atMs);
        const better = look(
          state,
          scores(Math.min(100, cover + more) / 100, Math.max(0, loss - less) / 100),
          atMs,
        );
        if (worse.forecastActs) expect(better.forecastActs).toBe(true);
      }),
    );
  });

  test("the state survives a journal", () => {
    fc.assert(
      fc.property(story, anyScores, (told, next) => {
        const state = run(told).at(-1)?.state ?? ACTS;
        const read = JSON.parse(JSON.stringify(state)) as GateState;
        const atMs = NOW_MS + 4000 * HOUR_MS;
        expect(look(read, seenOf(next), atMs)).toEqual(look(state, seenOf(next), atMs));
      }),
    );
  });
});

describe("the scores it goes by", () => {
  const evidence = {
    weights: {},
    coverage90: [0.9, 0.8, undefined],
    scoreCount: [10, 20, 30],
    relativeError: 0.7,
    anomalyScore: 0,
    anomalyMultiplier: 1,
    failures: {},
    fitMs: 0,
  } satisfies ForecastEvidence;
  const HORIZONS = [HOUR_MS / 2, HOUR_MS, DAY_MS];

  test("are those of the first horizon that reaches over the window, else of the longest", () => {
    expect(gateScores(evidence, HORIZONS, HOUR_MS)).toEqual({
      horizonMs: HOUR_MS,
      coverage90: 0.8,
      lossRatio: 0.7,
      count: 20,
    });
    expect(gateScores(evidence, HORIZONS, 2 * DAY_MS)).toEqual({
      horizonMs: DAY_MS,
      coverage90: null,
      lossRatio: 0.7,
      count: 30,
    });
  });

  test("long windows count where they are there; a record read back has null for what is not known", () => {
    const long = { ...evidence, lossRatio: [0.5, 0.6, undefined], effectiveCount: [1, 99.5, 2] };
    expect(gateScores(long, HORIZONS, HOUR_MS)).toMatchObject({ lossRatio: 0.6, count: 99.5 });
    const read = JSON.parse(JSON.stringify(long)) as ForecastEvidence;
    expect(gateScores(read, HORIZONS, DAY_MS)).toMatchObject({ lossRatio: null, coverage90: null, count: 2 });
    expect(gateScores(null, HORIZONS, HOUR_MS)).toMatchObject({ coverage90: null, count: 0 });
  });
});
