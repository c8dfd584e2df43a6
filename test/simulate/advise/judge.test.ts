import { describe, expect, test } from "vitest";
import type { ForecastQuality } from "../../../src/simulate/advise/advice.ts";
import { type Evidence, judge } from "../../../src/simulate/advise/judge.ts";

const GOOD_QUALITY: ForecastQuality = {
  lossAtLead: { value: 0.6, low: 0.5, high: 0.7 },
  lossOverDay: { value: 0.5, low: 0.4, high: 0.6 },
  coverage90: 0.9,
  coverageOverDay90: 0.88,
  spikeShare: 0.0005,
  steps: 3000,
  days: 11,
};

const GOOD: Evidence = {
  leadMs: 300_000,
  violationRatio: { value: 0.3, low: 0.2, high: 0.5 },
  addedRatio: { value: 0.5, low: 0.3, high: 0.8 },
  betterShare: 1,
  scoredDays: 11.2,
  quality: GOOD_QUALITY,
  hpaOverOracle: 1.2,
  fixedOverOracle: 1.8,
};

const verdictOf = (change: Partial<Evidence>) => judge({ ...GOOD, ...change }).verdict;
const qualityOf = (change: Partial<ForecastQuality>) =>
  verdictOf({ quality: { ...GOOD_QUALITY, ...change } });

describe("verdict", () => {
  test("all of it holds: predictive", () => expect(verdictOf({})).toBe("predictive"));

  test.each([
    ["an advantage that hangs on a few days", { violationRatio: { value: 0.3, low: 0.05, high: 1.02 } }],
    ["a small advantage", { violationRatio: { value: 0.92, low: 0.9, high: 0.94 } }],
    ["what the forecast adds hangs on a few days", { addedRatio: { value: 0.6, low: 0.2, high: 1.1 } }],
    ["too few days", { scoredDays: 4.9 }],
    ["no interval at all", { violationRatio: { value: 0.3, low: Number.NaN, high: Number.NaN } }],
  ] as const)("%s: shadow", (_, change) => expect(verdictOf(change)).toBe("shadow"));

  test("scores with which the daemon would not let the forecast act: shadow", () => {
    expect(qualityOf({ coverage90: 0.79 })).toBe("shadow");
    expect(qualityOf({ lossAtLead: { value: 1.06, low: 1, high: 1.1 } })).toBe("shadow");
    expect(qualityOf({ coverage90: Number.NaN })).toBe("shadow");
  });

  test.each([
    ["no advantage over the HPA", { violationRatio: { value: 0.96, low: 0.8, high: 1.1 } }],
    ["an advantage unknown", { violationRatio: { value: Number.NaN, low: Number.NaN, high: Number.NaN } }],
    ["an advantage that is headroom, not forecast", { addedRatio: { value: 0.85, low: 0.8, high: 0.9 } }],
    ["a fixed size is as good", { fixedOverOracle: 1.01 }],
    ["the HPA is as good as the oracle", { hpaOverOracle: 1.01 }],
  ] as const)("%s: stay-reactive", (_, change) => expect(verdictOf(change)).toBe("stay-reactive"));
});

describe("words", () => {
  test("each says what would change it", () => {
    for (const change of [{}, { scoredDays: 1 }, { fixedOverOracle: 1 }, { hpaOverOracle: 1 }]) {
      const { changes, reasons } = judge({ ...GOOD, ...change });
      expect(changes.length).toBeGreaterThan(0);
      expect(reasons.length).toBeGreaterThan(0);
    }
    expect(judge({ ...GOOD, scoredDays: 1 }).changes[0]).toContain("13 days or more");
    expect(judge({ ...GOOD, scoredDays: 1 }).changes[0]).toContain("(now 24 hours)");
  });

  test("what is not known is said, never printed as NaN", () => {
    const none = { value: Number.NaN, low: Number.NaN, high: Number.NaN };
    const evidence = {
      ...GOOD,
      violationRatio: none,
      addedRatio: none,
      betterShare: Number.NaN,
      scoredDays: 0.2,
      quality: { ...GOOD_QUALITY, lossAtLead: none, lossOverDay: none, coverage90: Number.NaN },
    };
    const { reasons, changes } = judge(evidence);
    expect([...reasons.map(({ text }) => text), ...changes].join(" ")).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("spikes that nothing announced speak against it", () => {
    const { reasons } = judge({ ...GOOD, quality: { ...GOOD_QUALITY, spikeShare: 0.03 } });
    expect(reasons.find(({ code }) => code === "spikes")).toMatchObject({ speaks: "against" });
    expect(judge(GOOD).reasons.some(({ code }) => code === "spikes")).toBe(false);
  });
});
