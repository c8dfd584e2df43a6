import { describe, expect, test } from "vitest";
import { FAULTS } from "../../src/simulate/faults.ts";
import { disagreements, openSimulation, simulateNight } from "../../src/simulate/simulate-daemon.ts";
import { simulatedSettings } from "../../src/simulate/simulated-settings.ts";
import { withJournal } from "./open-night.ts";

const SEEDS = Number(process.env["TIERCAST_TEST_SEEDS"] ?? 100);
/** `TIERCAST_TEST_SEED=17 npx vitest run test/simulation/seeds.test.ts` runs that one night again. */
const ONLY = process.env["TIERCAST_TEST_SEED"];

function night(seed: number) {
  return withJournal((journal) =>
    simulateNight({ seed, journal, settings: simulatedSettings(), faultCycles: 24, faultChance: 0.5 }),
  );
}

describe("nights of random faults", { timeout: 120_000 }, () => {
  test(`no promise is broken in ${ONLY === undefined ? `${SEEDS} nights` : `night ${ONLY}`}`, async () => {
    const seeds = ONLY === undefined ? Array.from({ length: SEEDS }, (_, i) => i + 1) : [Number(ONLY)];
    const met = new Set<string>();
    for (const seed of seeds) {
      const { broken, faults } = await night(seed);
      for (const fault of faults) met.add(fault);
      const again = `TIERCAST_TEST_SEED=${seed} npx vitest run test/simulation/seeds.test.ts`;
      expect(broken, `${faults.join(", ")}\nrun again: ${again}`).toEqual([]);
    }
    // A fault that never comes is a fault that is not tested.
    if (seeds.length >= 100) expect(FAULTS.filter((fault) => !met.has(fault))).toEqual([]);
  });

  test("the same seed writes the same journal, byte for byte; another seed another one", async () => {
    const first = await night(3);
    const second = await night(3);
    expect(first.headHash).toMatch(/^[0-9a-f]{64}$/);
    expect(second).toEqual(first);
    expect((await night(4)).headHash).not.toBe(first.headHash);
  });
});

describe("a process that dies anywhere", { timeout: 60_000 }, () => {
  /** Effects of a cycle that applies: three writes for the plan, six of the update, five to close the cycle. */
  const EFFECTS = 18;

  test.each([0, 3, 8, 15])("before each effect of cycle %i: two cycles later all agree", async (cycles) => {
    let died = 0;
    for (let effect = 0; effect < EFFECTS; effect++) {
      await withJournal(async (journal) => {
        const simulation = openSimulation({ seed: 5, journal, settings: simulatedSettings() });
        const { world } = simulation;
        await simulation.cycles(cycles);
        world.surge(1.6);
        world.crash.arm(effect);
        if ((await simulation.cycle()) === null) died += 1;
        world.crash.arm(undefined);
        world.freezeDemand();
        await simulation.cycles(2);
        const found = [...simulation.broken(), ...disagreements(simulation)];
        expect(found, `killed before effect ${effect}`).toEqual([]);
      });
    }
    expect(died).toBeGreaterThanOrEqual(11);
  });
});

test("a day on which nothing changes costs no engine run", async () => {
  await withJournal(async (journal) => {
    const { tiers, ...settings } = simulatedSettings();
    // A baseline that is reviewed once a day would be a change.
    const fixed = { ...settings, tiers: { ...tiers, baseline: { ...tiers.baseline, maxUnits: 2 } } };
    const simulation = openSimulation({ seed: 1, journal, settings: fixed, demandRps: () => 84 });
    await simulation.cycles(12);
    const before = simulation.engineRuns();
    expect(before).toBeGreaterThan(0);
    const records = await simulation.cycles(96);
    expect(simulation.engineRuns()).toBe(before);
    expect(new Set(records.map((record) => record.apply?.kind))).toEqual(new Set(["no-change"]));
    expect(simulation.broken()).toEqual([]);
  });
});
