import { describe, expect, test } from "vitest";
import { openNightDisk } from "../../bench/parts/night-disk.ts";
import { HOUR_MS } from "../../src/model/time.ts";
import { FAULTS } from "../../src/simulate/faults/catalogue.ts";
import { simulateNight } from "../../src/simulate/faults/night.ts";
import { disagreements, openSimulation } from "../../src/simulate/simulate-daemon.ts";
import { PLACES } from "../../src/simulate/simulated-process.ts";
import { simulatedSettings } from "../../src/simulate/simulated-settings.ts";
import { withJournal } from "./open-night.ts";

const SEEDS = Number(process.env["TIERCAST_TEST_SEEDS"] ?? 500);
const NIGHT_MS = 6 * HOUR_MS;

function night(seed: number, onLine?: (line: string) => void) {
  return simulateNight({ seed, forMs: NIGHT_MS, openDisk: openNightDisk, ...(onLine ? { onLine } : {}) });
}

describe("nights of random faults, six simulated hours each", { timeout: 1_800_000 }, () => {
  test(`no promise is broken in ${SEEDS} nights`, async () => {
    const met = new Map<string, number>();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { broken, faults } = await night(seed);
      for (const { fault, place } of faults) {
        met.set(fault, (met.get(fault) ?? 0) + 1);
        met.set(`${fault} at ${place}`, (met.get(`${fault} at ${place}`) ?? 0) + 1);
      }
      const again = `node bench/fault-simulation.ts --seed ${seed} --for 6h`;
      expect(broken, `the story of this night: ${again}`).toEqual([]);
    }
    // A fault that never comes is a fault that is not tested.
    if (SEEDS < 500) return;
    expect(FAULTS.filter((fault) => (met.get(fault) ?? 0) < 20)).toEqual([]);
    const pairs = FAULTS.flatMap((fault) => PLACES.map((place) => `${fault} at ${place}`));
    expect(pairs.filter((pair) => !met.has(pair))).toEqual([]);
  });

  test("the same seed writes the same log, byte for byte, in another order and beside another night", async () => {
    const seeds = [3, 17, 40];
    const first = new Map<number, string>();
    for (const seed of seeds) {
      const lines: string[] = [];
      const report = await night(seed, (line) => void lines.push(line));
      first.set(seed, JSON.stringify({ report, lines }));
    }
    expect(new Set(first.values()).size).toBe(seeds.length);
    const again = seeds.toReversed().map(async (seed) => {
      const lines: string[] = [];
      const report = await night(seed, (line) => void lines.push(line));
      return [seed, JSON.stringify({ report, lines })] as const;
    });
    for (const [seed, text] of await Promise.all(again)) expect(text === first.get(seed)).toBe(true);
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
