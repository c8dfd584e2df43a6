import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BuildState, buildOutlook } from "../../src/apply/engine-progress.ts";

const START: BuildState = {
  phase: "fetch",
  fetchedModules: 0,
  allModules: 267,
  compiledFiles: 0,
  filesToCompile: 0,
  fetchMs: 0,
  compileMs: 0,
  linkMs: 0,
};

describe("a cold build on two cores, 150 s measured", () => {
  // [seconds into the compile, files compiled by then], from the run that the curve was taken from.
  test.each([
    [0, 0],
    [15, 1_316],
    [45, 3_600],
    [75, 5_130],
    [105, 5_920],
    [135, 6_510],
  ])("after %i s and %i files the time left is within a quarter of the truth", (seconds, compiledFiles) => {
    const state: BuildState = {
      ...START,
      phase: "compile",
      filesToCompile: 6_924,
      compiledFiles,
      compileMs: seconds * 1_000,
    };
    const truthMs = (150 - seconds) * 1_000;
    expect(Math.abs(buildOutlook(state, 2).etaMs - truthMs)).toBeLessThan(0.25 * truthMs + 2_000);
  });
});

test("a machine with more cores is promised less time before it has shown its own speed", () => {
  const state: BuildState = { ...START, phase: "compile", filesToCompile: 6_924 };
  expect(buildOutlook(state, 8).etaMs).toBeLessThan(buildOutlook(state, 2).etaMs / 3);
});

test("a build that finds everything in Go's cache promises seconds", () => {
  expect(buildOutlook({ ...START, phase: "link" }, 2).etaMs).toBeLessThan(6_000);
});

test("a linker that is late is not promised to end in a second", () => {
  expect(buildOutlook({ ...START, phase: "link", linkMs: 20_000 }, 2).etaMs).toBe(10_000);
});

test("fetching modules counts the build that comes after", () => {
  const state: BuildState = { ...START, fetchedModules: 134, fetchMs: 60_000 };
  expect(buildOutlook(state, 2).etaMs).toBeGreaterThan(60_000 + 100_000);
});

test("whatever is reported: the fraction is in [0, 1) and the time left is a finite number above zero", () => {
  const ms = fc.integer({ min: 0, max: 10_000_000 });
  const count = fc.integer({ min: 0, max: 20_000 });
  fc.assert(
    fc.property(
      fc.constantFrom("fetch" as const, "compile" as const, "link" as const),
      fc.record({
        fetchedModules: count,
        allModules: count,
        compiledFiles: count,
        filesToCompile: count,
        fetchMs: ms,
        compileMs: ms,
        linkMs: ms,
      }),
      fc.integer({ min: 0, max: 256 }),
      (phase, counts, cores) => {
        const { fraction, etaMs } = buildOutlook({ phase, ...counts }, cores);
        expect(fraction).toBeGreaterThanOrEqual(0);
        expect(fraction).toBeLessThan(1);
        expect(Number.isFinite(etaMs)).toBe(true);
        expect(etaMs).toBeGreaterThan(0);
      },
    ),
  );
});
