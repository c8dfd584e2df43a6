import { TIERS } from "../../model/tier.ts";
import { MINUTE_MS } from "../../model/time.ts";
import { pick } from "../seeded-random.ts";
import type { StackTroubles } from "../simulated-stack.ts";
import { between, type FaultKind, type FaultWorld, lasting, once } from "./fault-world.ts";

const engine = (world: FaultWorld) => world.stack.troubles;

function runs(change: Partial<StackTroubles>): FaultKind {
  return lasting("apply", engine, () => change);
}

/** Effects of one cycle, at most: where a killed process may die. */
const EFFECTS_A_CYCLE = 20;

/** What goes wrong with engine runs, with the process itself, and with its journal. */
export const ENGINE_FAULTS = {
  "preview-fails": runs({ preview: "failed" }),
  "preview-interrupted": runs({ preview: "interrupted" }),
  "preview-times-out": runs({ preview: "timeout" }),
  "policy-says-no": runs({ policyMaxTotalUnits: 4 }),
  "no-policy-evidence": runs({ noEvidence: true }),
  "engine-missing": runs({ engineMissing: true }),
  "engine-slow": lasting("apply", engine, (random) => ({ slowFactor: between(random, 2, 60) })),
  "stack-locked": runs({ lockedBy: "ann@laptop (pid 42)" }),
  "stale-lock": once("apply", ({ stack }) => stack.strand("first")),
  "update-fails-before": runs({ update: { ending: "failed", effect: "before" } }),
  "update-fails-partly": runs({ update: { ending: "failed", effect: "partly" } }),
  "update-fails-after": runs({ update: { ending: "failed", effect: "after" } }),
  "update-interrupted-partly": runs({ update: { ending: "interrupted", effect: "partly" } }),
  "update-interrupted-after": runs({ update: { ending: "interrupted", effect: "after" } }),
  "update-times-out-after": runs({ update: { ending: "timeout", effect: "after" } }),
  "update-carried-out-twice": runs({ twice: true }),
  "recovery-fails": runs({ recoverFails: true, update: { ending: "failed", effect: "partly" } }),
  "third-hand-between": {
    stage: "apply",
    begin: (world) => {
      const change = () => world.disturb(pick(world.random, TIERS), between(world.random, -2, 2));
      world.stack.troubles.afterPreview = change;
      return () => {
        if (world.stack.troubles.afterPreview === change) world.stack.troubles.afterPreview = null;
      };
    },
  },
  "newer-plan-elsewhere": once(
    "render",
    ({ platform }) => void platform.takePlan(platform.wanted().planGeneration + 5, "another"),
  ),
  "process-killed-at-effect": once("process", ({ process, random }) =>
    process()?.crash.arm(Math.floor(random() * EFFECTS_A_CYCLE)),
  ),
  "process-killed": once("process", ({ process }) => process()?.kill(true)),
  "process-killed-engine-lives": once("process", ({ process }) => process()?.kill(false)),
  "process-stopped": once("process", ({ process, random }) =>
    process()?.stopFor(between(random, 1, 15) * MINUTE_MS),
  ),
  "second-daemon": {
    stage: "process",
    begin: (world) => {
      world.startRival();
      return world.endRival;
    },
  },
  "journal-full": {
    stage: "journal",
    begin: (world) => {
      world.fillJournal(true);
      return () => world.fillJournal(false);
    },
  },
  "journal-lost": once("journal", (world) => world.damageJournal("lost")),
  "journal-restored-old": once("journal", (world) => world.damageJournal("old")),
  "journal-torn": once("journal", (world) => world.damageJournal("torn")),
} as const satisfies Readonly<Record<string, FaultKind>>;
