import { describe, expect, it } from "vitest";
import {
  type EnsembleInput,
  type EnsembleOutcome,
  forecastEnsemble,
} from "../../src/forecast/ensemble/ensemble.ts";
import {
  openSealed,
  packMemory,
  sealLearned,
  unpackMemory,
} from "../../src/forecast/ensemble/learned-bytes.ts";
import type { LearnedState } from "../../src/forecast/ensemble/learned-state.ts";
import { defineForecaster, type Forecaster } from "../../src/forecast/forecaster.ts";
import { MEMBERS } from "../../src/forecast/registry.ts";
import type { DemandSeries } from "../../src/model/series.ts";
import { DAY_MS, HOUR_MS } from "../../src/model/time.ts";
import { DAY_STEPS, dailyWave, STEP_MS, seriesOf } from "./fixtures.ts";

const NAMES = ["naive", "level", "seasonal-naive", "seasonal-quantiles", "dhr-ar"];
const FEW = MEMBERS.filter((member) => NAMES.includes(member.name));
const wave = dailyWave(6);

type Made = Extract<EnsembleOutcome, { kind: "forecast" }>;

function made(series: DemandSeries, changes: Partial<EnsembleInput> = {}): Made {
  const outcome = forecastEnsemble({
    series,
    timeZone: "UTC",
    horizonSteps: DAY_STEPS,
    horizonsMs: [STEP_MS, HOUR_MS, DAY_MS],
    members: FEW,
    trainMs: 14 * DAY_MS,
    refitMs: HOUR_MS,
    capFactor: 3,
    staggerMs: 0,
    learned: undefined,
    monotonicMs: () => 0,
    ...changes,
  });
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  return outcome;
}

const upTo = (steps: number, values = wave.values): DemandSeries => seriesOf(values.subarray(0, steps));

/** Calls at each of the last `calls` steps up to `steps`; what is learned goes through bytes. */
function walk(
  steps: number,
  calls: number,
  values = wave.values,
  changes: Partial<EnsembleInput> = {},
): Made {
  let learned: LearnedState | undefined;
  let last: Made | undefined;
  for (let end = steps - calls + 1; end <= steps; end++) {
    last = made(upTo(end, values), { ...changes, learned });
    learned = unpackMemory(packMemory({ learned: last.learned, occurrences: [] }))?.learned;
    expect(learned).toBeDefined();
  }
  if (last === undefined) throw new Error("no call");
  return last;
}

describe("learning from call to call", () => {
  it("gives the same bytes for the same calls", () => {
    const bytes = (): Uint8Array => packMemory({ learned: walk(1500, 20).learned, occurrences: [] });
    expect(Buffer.from(bytes()).equals(bytes())).toBe(true);
  });

  it("sees nothing of the future", () => {
    const changed = wave.values.slice();
    changed.fill(7_777, 1500);
    expect(walk(1500, 15, changed).forecast).toEqual(walk(1500, 15).forecast);
  });

  it("asks members for past forecasts with parameters and history of before that cutoff alone", () => {
    const asked: { fittedMs: number; cutoffMs: number }[] = [];
    const end = (history: DemandSeries): number => history.startMs + history.values.length * STEP_MS;
    const watching: Forecaster = defineForecaster<{ fittedMs: number }>({
      name: "watching",
      cost: "light",
      needs: { knownSteps: 1, spanMs: 0 },
      estimate: (history) => ({ fittedMs: end(history) }),
      quantiles: ({ fittedMs }, history, _context, steps, levels) => {
        asked.push({ fittedMs, cutoffMs: end(history) });
        return levels.map(() => new Float64Array(steps.length).fill(100));
      },
    });
    const members = [...FEW, watching];
    const { learned } = made(upTo(1500), { members });
    made(upTo(1530), { members, learned });
    expect(asked.length).toBeGreaterThan(4 * 24);
    expect(asked.filter(({ fittedMs, cutoffMs }) => fittedMs > cutoffMs)).toEqual([]);
    // A fit a day while the past is walked through.
    const ages = asked.map(({ fittedMs, cutoffMs }) => cutoffMs - fittedMs);
    expect(Math.max(...ages)).toBeLessThan(DAY_MS);
    expect(new Set(asked.map(({ fittedMs }) => fittedMs)).size).toBeLessThan(10);
  });

  it("leaves what it was given as it was", () => {
    const { learned } = made(upTo(1500));
    const before = structuredClone(learned);
    made(upTo(1513), { learned });
    expect(learned).toEqual(before);
  });

  it("starts cold rather than look back from the future", () => {
    const later = made(upTo(1600)).learned;
    expect(made(upTo(1500), { learned: later }).forecast).toEqual(made(upTo(1500)).forecast);
  });

  it("refits within the hour and keeps the rest: no fit in a call right after one", () => {
    const first = made(upTo(1500));
    const second = made(upTo(1501), { learned: first.learned });
    expect(first.fitted.length).toBeGreaterThan(4 * FEW.length);
    expect(second.fitted.length).toBeLessThanOrEqual(2);
    let fits = 0;
    let { learned } = first;
    for (let end = 1501; end <= 1512; end++) {
      const next = made(upTo(end), { learned });
      learned = next.learned;
      fits += next.fitted.length;
    }
    expect(fits).toBe(FEW.length);
  });

  it("walks through missed hours: a day's silence is made up for", () => {
    const before = made(upTo(1100)).learned;
    const after = made(upTo(1500), { learned: before });
    const cutoffs = after.learned.pending.map(({ cutoffMs }) => Math.floor(cutoffMs / HOUR_MS));
    expect(new Set(cutoffs).size).toBeGreaterThanOrEqual(24);
    expect(after.evidence.scoreCount[0]).toBeGreaterThan(before.scores.count[0] ?? Number.NaN);
  });

  it("scores versions of a member apart", () => {
    const { learned } = walk(1500, 30);
    const fit = learned.fits["level"];
    expect(fit?.score.version).toBe(fit?.version);
    expect(fit?.previous?.version).toBe((fit?.version ?? 0) - 1);
    expect((fit?.previous?.count ?? 0) + (fit?.score.count ?? 0)).toBeGreaterThan(5);
  });

  it("takes history that was rewritten as it stands now", () => {
    const first = made(upTo(1500));
    const rewritten = wave.values.map((value) => value * 2);
    const { forecast } = made(upTo(1512, rewritten), { learned: first.learned });
    expect(forecast.quantiles[8]?.every(Number.isFinite)).toBe(true);
    const far = made(upTo(1512, rewritten)).forecast;
    expect((forecast.quantiles[7]?.[0] ?? 0) / (far.quantiles[7]?.[0] ?? 1)).toBeGreaterThan(0.8);
  });
});

describe("what is kept", () => {
  it("stays small: all members, five minutes, a day ahead", () => {
    const all = MEMBERS.filter((member) => member.cost !== "trained");
    const last = walk(wave.values.length, 3, wave.values, { members: all });
    expect(packMemory({ learned: last.learned, occurrences: [] }).length).toBeLessThan(150_000);
  });

  it("answers the same after a trip through sealed bytes", () => {
    const { learned } = made(upTo(1500));
    const sealed = sealLearned(packMemory({ learned, occurrences: [] }));
    const opened = openSealed(sealed);
    if (opened === undefined) throw new Error("not readable");
    const again = unpackMemory(opened)?.learned;
    const direct = unpackMemory(packMemory({ learned, occurrences: [] }))?.learned;
    expect(made(upTo(1513), { learned: again })).toEqual(made(upTo(1513), { learned: direct }));
    expect(sealLearned(opened)).toEqual(sealed);
  });

  it("is not read when damaged, cut short, of another format or full of NaN", () => {
    const { learned } = made(upTo(400));
    const packed = packMemory({ learned, occurrences: [] });
    const sealed = sealLearned(packed);
    for (const at of [0, 5, 9, 700, sealed.length - 1]) {
      const damaged = sealed.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      expect(openSealed(damaged)).toBeUndefined();
    }
    expect(openSealed(sealed.subarray(0, 200))).toBeUndefined();
    expect(openSealed(new Uint8Array(0))).toBeUndefined();
    expect(openSealed(sealLearned(new TextEncoder().encode("something else")))).toBeUndefined();
    expect(unpackMemory(packed)).toBeDefined();
    const sick = structuredClone(learned);
    sick.losses.own[3] = Number.NaN;
    expect(unpackMemory(packMemory({ learned: sick, occurrences: [] }))).toBeUndefined();
  });
});

describe("members that misbehave", () => {
  const flaky = (when: (endMs: number) => boolean): Forecaster =>
    defineForecaster({
      name: "flaky",
      cost: "light",
      needs: { knownSteps: 1, spanMs: 0 },
      estimate: () => ({}),
      quantiles: (_state, history, _context, steps, levels) => {
        const endMs = history.startMs + history.values.length * history.stepMs;
        if (when(endMs)) throw new Error("no mood");
        return levels.map((_, l) => new Float64Array(steps.length).fill(100 + l));
      },
    });
  const end = (steps: number): number => wave.startMs + steps * STEP_MS;

  it("are out for that call with the reason, their state is dropped, the next fit brings them back", () => {
    const moody = flaky((ms) => ms === end(1501));
    const members = [...FEW, moody];
    const first = made(upTo(1500), { members });
    expect(first.evidence.failures).toEqual({});
    const second = made(upTo(1501), { members, learned: first.learned });
    expect(second.evidence.failures["flaky"]).toMatch(/forecast failed: Error: no mood/);
    expect(second.learned.fits["flaky"]?.state).toBeUndefined();
    expect(second.evidence.weights["flaky"]).toEqual([0, 0, 0]);
    let { learned } = second;
    let back = 0;
    for (let steps = 1502; steps <= 1514; steps++) {
      const next = made(upTo(steps), { members, learned });
      learned = next.learned;
      if (next.byMember["flaky"] !== undefined) back++;
    }
    expect(back).toBeGreaterThan(0);
  });

  it("cost nobody else anything when they throw in restore, or hold a NaN from a restored state", () => {
    const thrower: Forecaster = {
      ...flaky(() => false),
      name: "thrower",
      restore: () => {
        throw new Error("cannot be restored");
      },
    };
    const outcome = made(upTo(1500), { members: [...FEW, thrower] });
    expect(outcome.evidence.failures["thrower"]).toMatch(/cannot be restored/);
    expect(Object.keys(outcome.byMember)).toEqual(FEW.map((member) => member.name));
    const learned = structuredClone(outcome.learned);
    const fit = learned.fits["dhr-ar"];
    const state = fit?.state as { errors: { offsets: Float64Array } };
    state.errors.offsets.fill(Number.NaN);
    const members = [...FEW, thrower];
    const sick = made(upTo(1501), { members, learned });
    expect(sick.evidence.failures["dhr-ar"]).toMatch(/NaN/);
    expect(sick.forecast.quantiles.every((row) => row.every(Number.isFinite))).toBe(true);
  });

  it("stay out while the caller says so", () => {
    const outcome = made(upTo(1500), { without: { level: "hung; out until noon" } });
    expect(outcome.evidence.failures).toEqual({ level: "hung; out until noon" });
    expect(outcome.byMember["level"]).toBeUndefined();
    expect(outcome.learned.fits["level"]).toBeUndefined();
  });
});

describe("events", () => {
  const seen: { events: number; level: number }[] = [];
  const takes: Forecaster = defineForecaster({
    name: "takes-events",
    cost: "light",
    takesEvents: true,
    needs: { knownSteps: 1, spanMs: 0 },
    estimate: (history, context) => {
      seen.push({ events: context.events?.length ?? -1, level: history.values[0] ?? Number.NaN });
      return {};
    },
    quantiles: (_state, _history, _context, steps, levels) =>
      levels.map(() => new Float64Array(steps.length).fill(300)),
  });

  it("reach members that take them as observed demand, and are divided out of what those answer", () => {
    const observed = seriesOf(wave.values.subarray(0, 1500).map((value) => value + 1000));
    const events = [
      { id: "a", kind: "sale", startMs: 0, endMs: 1, lift: 2, announcedMs: wave.startMs },
      { id: "b", kind: "sale", startMs: 0, endMs: 1, lift: 2, announcedMs: wave.startMs + 900 * DAY_MS },
    ] as unknown as NonNullable<EnsembleInput["events"]>;
    const doubledMs = wave.startMs + 1502 * STEP_MS;
    const { byMember } = made(upTo(1500), {
      members: [...FEW, takes],
      observed,
      events,
      eventFactor: (ms) => (ms === doubledMs ? 2 : 1),
    });
    expect(seen.every((fit) => fit.level > 1000 && fit.events === 1)).toBe(true);
    expect(Array.from(byMember["takes-events"]?.quantiles[3]?.subarray(0, 4) ?? [])).toEqual([
      300, 300, 150, 300,
    ]);
    expect(byMember["level"]?.quantiles[7]?.[0]).toBeLessThan(500);
  });

  it("keep their windows out of what is learned", () => {
    const plain = made(upTo(1500)).learned;
    const excluded = made(upTo(1500), { excluded: () => true }).learned;
    expect(plain.scores.count[0]).toBeGreaterThan(50);
    expect(excluded.scores.count[0]).toBe(0);
  });
});
