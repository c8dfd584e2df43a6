import type { PlatformState, TierState } from "../../src/model/platform.ts";
import type { PlatformReader, PolicyEvidence, StackDriver } from "../../src/model/ports.ts";
import type { StackInputs } from "../../src/model/stack-inputs.ts";
import { TIERS, type Tier } from "../../src/model/tier.ts";

/** A stack without an engine: what is applied is there at once. Counts what would have been engine runs. */
export interface SimulatedStack {
  readonly driver: StackDriver;
  readonly platform: PlatformReader;
  engineRuns(): number;
}

const EVIDENCE: PolicyEvidence = {
  pack: "simulated",
  packHash: "",
  packVersion: "0",
  passed: 1,
  violations: [],
  missing: [],
};

export function simulatedStack(): SimulatedStack {
  let runs = 0;
  let applied: StackInputs | undefined;
  const result = { changes: [], summary: { update: 1 }, policy: EVIDENCE, engineMs: 0 };
  const driver: StackDriver = {
    preview: async () => {
      runs++;
      return { kind: "previewed", ...result, diffText: "" };
    },
    update: async (inputs) => {
      runs++;
      applied = inputs;
      return { kind: "updated", ...result, outputs: {} };
    },
    recover: async () => {
      runs++;
      return { kind: "recovered", mended: [], planGeneration: applied?.planGeneration ?? 0 };
    },
    destroy: async () => ({ kind: "destroyed" }),
    updateBase: async () => ({ kind: "updated", ...result, outputs: {} }),
    destroyBase: async () => ({ kind: "destroyed" }),
    close: async () => undefined,
  };
  const platform: PlatformReader = {
    state: async () => stateOf(applied),
    traffic: async () => [],
  };
  return { driver, platform, engineRuns: () => runs };
}

function stateOf(applied: StackInputs | undefined): PlatformState {
  const tier = (name: Tier): TierState => {
    const units = applied?.tiers[name].units ?? 0;
    return { wantedUnits: units, readyUnits: units, startingUnits: 0, drainingUnits: 0 };
  };
  const [baseline, predictive, burst] = TIERS.map(tier) as [TierState, TierState, TierState];
  const warmUnits = applied?.warm.units ?? 0;
  return {
    tiers: { baseline, predictive, burst },
    warm: { wantedUnits: warmUnits, idleUnits: warmUnits, preparingUnits: 0 },
    planGeneration: applied?.planGeneration ?? 0,
    startTimesMs: [],
  };
}
