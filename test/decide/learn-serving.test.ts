import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addServingSample, fitServing } from "../../src/decide/learn-serving.ts";
import { NO_SERVING_EVIDENCE, type ServingModel, serviceTimeMs } from "../../src/model/serving-model.ts";

/** Samples of a unit that obeys `truth`, at so many busy requests. */
function evidenceOf(truth: ServingModel, busies: readonly number[], noise: (i: number) => number = () => 0) {
  return busies.reduce((evidence, busy, i) => {
    const meanServiceMs = serviceTimeMs(truth, busy) * (1 + noise(i));
    // Little's law turned round: the rate at which `busy` requests are in service.
    const servedRps = (busy * 1000) / meanServiceMs;
    return addServingSample(evidence, { servedRps: servedRps * 3, units: 3, meanServiceMs });
  }, NO_SERVING_EVIDENCE);
}

describe("learning service times", () => {
  test("the law: 20 ms alone, 26 ms with four at once at contention 0.1", () => {
    expect(serviceTimeMs({ baseMs: 20, contention: 0.1, coherency: 0 }, 4)).toBeCloseTo(26, 12);
    expect(serviceTimeMs({ baseMs: 20, contention: 0, coherency: 0.01 }, 4)).toBeCloseTo(22.4, 12);
    expect(serviceTimeMs({ baseMs: 20, contention: 0.5, coherency: 0.5 }, 0.2)).toBe(20);
  });

  test("without evidence the configured time holds", () => {
    expect(fitServing(NO_SERVING_EVIDENCE, 35)).toEqual({ baseMs: 35, contention: 0, coherency: 0 });
  });

  test("a contended unit is recognised from samples at different loads", () => {
    const truth = { baseMs: 30, contention: 0.2, coherency: 0 };
    const busies = Array.from({ length: 60 }, (_, i) => 1 + (i % 8));
    const model = fitServing(evidenceOf(truth, busies), 20);
    for (const busy of [2, 5, 8]) {
      expect(serviceTimeMs(model, busy) / serviceTimeMs(truth, busy)).toBeGreaterThan(0.93);
      expect(serviceTimeMs(model, busy) / serviceTimeMs(truth, busy)).toBeLessThan(1.03);
    }
  });

  test("one load says nothing of another: time is learned, no slowing down is invented", () => {
    const model = fitServing(evidenceOf({ baseMs: 50, contention: 0, coherency: 0 }, Array(40).fill(1)), 20);
    expect(model.baseMs).toBeGreaterThan(44);
    expect(model).toMatchObject({ contention: 0, coherency: 0 });
  });

  test("a release that doubles the time is learned within two dozen samples", () => {
    const before = evidenceOf({ baseMs: 20, contention: 0, coherency: 0 }, Array(50).fill(1.5));
    let evidence = before;
    for (let i = 0; i < 24; i++) {
      evidence = addServingSample(evidence, { servedRps: 75, units: 2, meanServiceMs: 40 });
    }
    expect(serviceTimeMs(fitServing(evidence, 20), 1.5)).toBeGreaterThan(33);
  });

  test("nothing served teaches nothing", () => {
    for (const sample of [
      { servedRps: 0, units: 2, meanServiceMs: 20 },
      { servedRps: 5, units: 0, meanServiceMs: 20 },
      { servedRps: 5, units: 2, meanServiceMs: Number.NaN },
    ])
      expect(addServingSample(NO_SERVING_EVIDENCE, sample)).toBe(NO_SERVING_EVIDENCE);
  });

  test("never negative, never falling with the load, whatever was measured", () => {
    const samples = fc.array(
      fc.record({
        servedRps: fc.double({ min: 0.1, max: 5000, noNaN: true }),
        units: fc.integer({ min: 1, max: 50 }),
        meanServiceMs: fc.double({ min: 0.1, max: 2000, noNaN: true }),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(samples, fc.double({ min: 1, max: 500, noNaN: true }), (list, priorMs) => {
        const model = fitServing(list.reduce(addServingSample, NO_SERVING_EVIDENCE), priorMs);
        expect(model.baseMs).toBeGreaterThan(0);
        expect(model.contention).toBeGreaterThanOrEqual(0);
        expect(model.coherency).toBeGreaterThanOrEqual(0);
        expect(serviceTimeMs(model, 9)).toBeGreaterThanOrEqual(serviceTimeMs(model, 3));
      }),
      { numRuns: 300 },
    );
  });
});
