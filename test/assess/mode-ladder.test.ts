import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LadderInput, nextMode } from "../../src/assess/mode-ladder.ts";
import type { GateState, ModeState } from "../../src/model/gate.ts";
import { MODES, type Mode } from "../../src/model/settings.ts";
import { DAY_MS, durationMs } from "../../src/model/time.ts";

const NOW_MS = Date.UTC(2026, 2, 10);
const PROMOTION = { from: "shadow", afterMs: durationMs(3 * DAY_MS) } as const;

function gate(forecastActs: boolean, sinceMs = NOW_MS - 10 * DAY_MS): GateState {
  return {
    forecastActs,
    cause: forecastActs ? "proven" : "accuracy",
    sinceMs,
    reason: forecastActs ? "it holds" : "coverage is lost",
    goodSinceMs: null,
    scores: { horizonMs: 0, coverage90: null, lossRatio: null, count: 0 },
  };
}

function state(mode: Mode, sinceMs = NOW_MS - 10 * DAY_MS): ModeState {
  return { mode, sinceMs, reason: "before" };
}

function next(over: Partial<LadderInput>): ModeState {
  return nextMode({
    previous: null,
    asked: "active",
    promotion: PROMOTION,
    gate: gate(true),
    hasApplied: false,
    nowMs: NOW_MS,
    ...over,
  });
}

describe("without promotion", () => {
  test.each(MODES)("%s is in force at once, whatever the gate says", (asked) => {
    const made = next({ asked, promotion: undefined, gate: gate(false), previous: state("shadow") });
    expect(made.mode).toBe(asked);
  });
});

describe("with promotion", () => {
  test.each<[string, Partial<LadderInput>, Mode]>([
    ["starts where it is told to", {}, "shadow"],
    ["never above what is asked for", { asked: "observe" }, "observe"],
    ["a stack that holds sizes starts at the ceiling", { hasApplied: true }, "active"],
    ["one step up after the forecast held", { previous: state("shadow") }, "suggest"],
    ["then the next", { previous: state("suggest") }, "active"],
    ["no further", { previous: state("active") }, "active"],
    ["not above the ceiling", { previous: state("suggest"), asked: "suggest" }, "suggest"],
    ["a lowered ceiling counts at once", { previous: state("active"), asked: "observe" }, "observe"],
    ["too soon after the last step", { previous: state("shadow", NOW_MS - DAY_MS) }, "shadow"],
    [
      "too soon after the gate let it act",
      { previous: state("shadow"), gate: gate(true, NOW_MS - DAY_MS) },
      "shadow",
    ],
    ["stopped: no step up", { previous: state("shadow"), gate: gate(false) }, "shadow"],
    [
      "stopped before anything was applied: back",
      { previous: state("suggest"), gate: gate(false) },
      "shadow",
    ],
    [
      "stopped, but sizes are managed: it stays",
      { previous: state("active"), gate: gate(false), hasApplied: true },
      "active",
    ],
  ])("%s", (_name, over, mode) => {
    expect(next(over).mode).toBe(mode);
  });

  test("each change has an instant and a reason, and no change keeps both", () => {
    const up = next({ previous: state("shadow") });
    expect(up).toEqual({ mode: "suggest", sinceMs: NOW_MS, reason: "the forecast held for 10d: it holds" });
    const down = next({ previous: state("suggest"), gate: gate(false) });
    expect(down).toEqual({ mode: "shadow", sinceMs: NOW_MS, reason: "coverage is lost" });
    expect(next({ previous: state("active") })).toEqual(state("active"));
  });

  test("capacity that is managed is never frozen: no step down below what acts, whatever happens", () => {
    const story = fc.array(fc.record({ acts: fc.boolean(), days: fc.integer({ min: 0, max: 5 }) }));
    fc.assert(
      fc.property(story, fc.constantFrom("suggest" as const, "active" as const), (told, mode) => {
        let at = state(mode);
        let nowMs = NOW_MS;
        for (const { acts, days } of told) {
          nowMs += days * DAY_MS;
          at = next({ previous: at, gate: gate(acts, nowMs), hasApplied: true, nowMs });
          expect(MODES.indexOf(at.mode)).toBeGreaterThanOrEqual(MODES.indexOf(mode));
        }
      }),
    );
  });
});
