import { describe, expect, test } from "vitest";
import { runCycle } from "../../src/controller/cycle.ts";
import { isSamePlan } from "../../src/controller/same-plan.ts";
import { loadState } from "../../src/controller/state.ts";
import { expectedKinds, hasKindDrifted } from "../../src/controller/warm-kinds.ts";
import type { PlatformState } from "../../src/model/platform.ts";
import type {
  PrewarmEnding,
  PrewarmRequest,
  PrewarmSettings,
  PrewarmState,
} from "../../src/model/prewarm.ts";
import type { Mode, Settings } from "../../src/model/settings.ts";
import type { StackInputs } from "../../src/model/stack-inputs.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import type { WarmKindInputs, WarmKindSettings, WarmKindState } from "../../src/model/warm.ts";
import { inputsKey } from "../../src/render/inputs-key.ts";
import { simulatedSettings } from "../../src/simulate/simulated-settings.ts";
import { openNight } from "../simulation/open-night.ts";

const KIND: WarmKindSettings = {
  name: "db",
  use: { per: "unit", count: 1 },
  minCount: 2,
  maxCount: 20,
  priceUsdPerHour: 0.001,
  underUsdPerHour: 0.019,
  expiryMs: 24 * HOUR_MS,
  quantile: 0.95,
  target: { host: "127.0.0.1", port: 1, hello: null, connectTimeoutMs: 100 },
};

const signal = new AbortController().signal;

function night(patch: Partial<Settings>) {
  const settings = { ...simulatedSettings(), gate: { ...simulatedSettings().gate, rule: "off" as const } };
  return openNight({ demandRps: () => 84, settings: { ...settings, ...patch } });
}

describe("warm pieces round the cycle", () => {
  test("are applied once, are input of the next decision, and cost no engine run while they stay", async () => {
    const { world, cycle } = night({ warm: { ...simulatedSettings().warm, kinds: [KIND] } });
    const inputs: (StackInputs | null)[] = [];
    const { driver } = world.parts;
    const update = driver.update;
    Object.assign(driver, {
      update: (wanted: StackInputs, abort?: AbortSignal) => {
        inputs.push(wanted);
        return update(wanted, abort);
      },
    });
    const state = world.platform.state;
    const kinds: Record<string, WarmKindState> = {};
    Object.assign(world.platform, {
      state: async (): Promise<PlatformState> => ({ ...(await state()), warmKinds: { ...kinds } }),
    });
    for (let done = 0; done < 3; done++) {
      await cycle();
      const count = inputs.at(-1)?.warmKinds?.[0]?.count ?? 0;
      kinds["db"] = stateOf(count);
    }
    expect(inputs[0]?.warmKinds?.[0]).toMatchObject({ name: "db", minCount: 2, target: KIND.target });
    expect(inputs[0]?.warmKinds?.[0]?.count).toBeGreaterThanOrEqual(2);
    const before = inputs.length;
    for (let done = 0; done < 3; done++) await cycle();
    expect(inputs.length).toBe(before);
    const record = world.parts.journal.lastCycle();
    expect(record?.decision?.warmKinds?.[0]?.before).toBe(kinds["db"]?.wantedCount);
    expect(record?.verdict?.kind).toBe("keep");
    // Somebody opens more behind our back: put right.
    kinds["db"] = stateOf(15);
    await cycle();
    expect(inputs.length).toBe(before + 1);
  });

  const inputs = (kind: Partial<WarmKindInputs>): StackInputs => ({
    service: "s",
    platform: "local",
    planGeneration: 1,
    decisionId: "d",
    cutoffMs: 0,
    tiers: {
      baseline: { units: 1, priceUsdPerUnitHour: 1 },
      predictive: { units: 0, priceUsdPerUnitHour: 1 },
      burst: { units: 0, priceUsdPerUnitHour: 1 },
    },
    warm: { units: 0, priceUsdPerUnitHour: 1, expiresMs: null, ttlWallMs: null, reason: "" },
    warmKinds: [
      {
        name: "db",
        count: 8,
        minCount: 2,
        priceUsdPerHour: 1,
        expiresMs: 500,
        ttlWallMs: 5,
        reason: "",
        target: KIND.target,
        ...kind,
      },
    ],
    observedUnits: 1,
    tags: {},
    endpointFile: "e",
  });

  test("what a platform would notice is in the key; words and life are not, a renewal still updates", () => {
    const key = inputsKey(inputs({}));
    expect(inputsKey(inputs({ reason: "x", ttlWallMs: 9, expiresMs: 900 }))).toBe(key);
    for (const other of [{ count: 9 }, { minCount: 1 }, { target: { ...KIND.target, port: 2 } }])
      expect(inputsKey(inputs(other))).not.toBe(key);
    expect(isSamePlan(inputs({}), inputs({ reason: "x" }))).toBe(true);
    expect(isSamePlan(inputs({}), inputs({ expiresMs: 900 }))).toBe(false);
    const { warmKinds: _none, ...bare } = inputs({});
    expect(inputsKey(bare)).not.toBe(key);
    expect(isSamePlan(inputs({}), bare)).toBe(false);
  });

  test("gone, or more than applied, is drift; fewer, or expired, is none", () => {
    const platform = (kinds: Record<string, WarmKindState>) =>
      ({ warmKinds: kinds }) as unknown as PlatformState;
    expect(hasKindDrifted(platform({}), inputs({}))).toBe(true);
    expect(hasKindDrifted(platform({ db: stateOf(9) }), inputs({}))).toBe(true);
    expect(hasKindDrifted(platform({ db: stateOf(2) }), inputs({}))).toBe(false);
    const state = { applied: inputs({}) } as unknown as Parameters<typeof expectedKinds>[0];
    expect([expectedKinds(state, 499), expectedKinds(state, 500)]).toEqual([{ db: 8 }, { db: 2 }]);
  });
});

function stateOf(count: number): WarmKindState {
  return {
    wantedCount: count,
    idleCount: count,
    openingCount: 0,
    inUseCount: 0,
    brokenCount: 0,
    failuresInRow: 0,
    note: "",
    socket: "",
  };
}

const PREWARM: PrewarmSettings = {
  quantile: 0.9,
  minRiseFraction: 0.3,
  maxAttempts: 2,
  tasks: [
    {
      name: "images",
      action: { kind: "command", argv: ["x"] },
      leadMs: HOUR_MS,
      perUnit: 1,
      timeoutMs: 1_000,
    },
  ],
};

describe("pre-warming round the cycle", () => {
  /** Off-peak now, a peak in 12 hours. */
  function opened(mode: Mode, endings: readonly (PrewarmEnding["kind"] | "throw")[]) {
    const { world } = night({ prewarm: PREWARM, mode });
    const runs: PrewarmRequest[] = [];
    const parts = {
      ...world.parts,
      forecaster: {
        ...world.parts.forecaster,
        forecast: async (...args: Parameters<typeof world.parts.forecaster.forecast>) => {
          const made = await world.parts.forecaster.forecast(...args);
          const { forecast } = made;
          const quantiles = forecast.quantiles.map(() =>
            Float64Array.from({ length: 96 }, (_, step) => (step < 48 ? 84 : 300)),
          );
          return { ...made, forecast: { ...forecast, quantiles } };
        },
      },
      prewarm: {
        run: async (_task: unknown, request: PrewarmRequest): Promise<PrewarmEnding> => {
          runs.push(request);
          const kind = endings[runs.length - 1] ?? "done";
          if (kind === "throw") throw new Error("boom");
          return { kind, note: "note" };
        },
      },
    };
    let state = loadState(parts);
    return {
      runs,
      parts,
      restart: () => {
        state = loadState(parts);
      },
      cycle: async (minutes = 15) => {
        await world.clock.advance(minutes * MINUTE_MS);
        return runCycle(parts, state, { signal });
      },
    };
  }

  test("a task is done once for a peak, also over a restart", async () => {
    const { cycle, runs, restart, parts } = opened("active", []);
    const record = await cycle();
    expect(record.error).toBe(null);
    expect(record.prewarm?.tasks[0]).toMatchObject({
      name: "images",
      state: "done",
      attempts: 1,
      note: "note",
    });
    await cycle();
    restart();
    const later = await cycle();
    expect(later.prewarm?.plan.id).toBe(record.prewarm?.plan.id);
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({
      service: "simulated",
      task: "images",
      units: 30,
      planId: record.prewarm?.plan.id,
    });
    expect(parts.journal.getState("prewarm")?.tasks[0]?.state).toBe("done");
  });

  test("a failed one is tried again in a later cycle, and not for ever; the cycle goes on", async () => {
    const { cycle, runs } = opened("active", ["failed", "throw", "done"]);
    const records = [await cycle(), await cycle(), await cycle()];
    expect(runs).toHaveLength(2);
    expect(records.map((record) => record.prewarm?.tasks[0]?.state)).toEqual(["failed", "failed", "failed"]);
    expect(records.map((record) => record.error)).toEqual([null, null, null]);
    expect(records[1]?.prewarm?.tasks[0]?.note).toMatch(/boom/);
  });

  test.each<Mode>(["observe", "shadow", "suggest"])("mode %s only records it", async (mode) => {
    const { cycle, runs } = opened(mode, []);
    const record = await cycle();
    expect(record.prewarm?.tasks[0]).toMatchObject({ state: "recorded", note: `mode ${mode}` });
    await cycle();
    expect(runs).toHaveLength(0);
  });

  test("one that a crash cut off is not repeated", async () => {
    const { cycle, runs, parts, restart } = opened("active", ["failed"]);
    await cycle();
    const known = parts.journal.getState("prewarm") as PrewarmState;
    const begun = known.tasks.map((task) => ({ ...task, state: "begun" as const }));
    parts.journal.setState("prewarm", { ...known, tasks: begun });
    restart();
    const record = await cycle();
    expect(record.prewarm?.tasks[0]?.state).toBe("cut-off");
    await cycle();
    expect(runs).toHaveLength(1);
  });

  test("one whose time ran out has expired", async () => {
    const { cycle, runs } = opened("active", ["failed", "failed"]);
    const first = await cycle();
    const leftMs = (first.prewarm?.plan.untilMs ?? 0) - first.startedMs;
    const late = await cycle(leftMs / MINUTE_MS + 1);
    expect(late.prewarm?.tasks[0]?.state).toBe("expired");
    expect(runs).toHaveLength(1);
  });

  test("a pause keeps hands off, and a journal that cannot write does not hurt the cycle", async () => {
    const { cycle, runs, parts } = opened("active", []);
    parts.journal.setState("pause", { untilMs: Number.MAX_SAFE_INTEGER, reason: "night", by: "me" });
    expect((await cycle()).prewarm?.tasks[0]).toMatchObject({ state: "recorded", note: "paused" });
    const full = opened("active", []);
    Object.assign(full.parts.journal, {
      setState: ((key: string) => {
        if (key === "prewarm") throw new Error("disk full");
      }) as typeof parts.journal.setState,
    });
    const record = await full.cycle();
    expect([record.error, record.prewarm, full.runs.length, runs.length]).toEqual([null, undefined, 0, 0]);
  });
});
