import type { Mode, Settings } from "../../model/settings.ts";
import { TIERS } from "../../model/tier.ts";
import { durationMs, MINUTE_MS, SECOND_MS } from "../../model/time.ts";
import { pick } from "../seeded-random.ts";
import type { PlatformTroubles } from "../simulated-platform.ts";
import { between, type FaultKind, type FaultWorld, lasting, once } from "./fault-world.ts";

const reads = (world: FaultWorld) => world.platform.troubles;
const port = (world: FaultWorld) => world.ports.platform;

function unreadable(how: PlatformTroubles["reads"]): FaultKind {
  return lasting("verify", reads, () => ({ reads: how }));
}

/** A person changes the configuration and, in the end, changes it back. */
function configured(change: (settings: Settings, random: () => number) => Settings): FaultKind {
  return {
    stage: "decide",
    begin: (world) => {
      world.reconfigure((settings) => change(settings, world.random));
      return () => world.reconfigure((settings) => settings);
    },
  };
}

function inMode(mode: Mode, answer: FaultWorld["person"]["answer"] = "dithers"): FaultKind {
  return {
    stage: "decide",
    begin: (world) => {
      world.person.answer = answer;
      world.reconfigure((settings) => ({ ...settings, mode }));
      return () => world.reconfigure((settings) => settings);
    },
  };
}

/** What goes wrong on the platform, and what people do meanwhile. */
export const PLATFORM_FAULTS = {
  "platform-silent": unreadable("lost"),
  "platform-stale": {
    stage: "verify",
    begin: (world) => {
      world.platform.remember();
      return unreadable("stale").begin(world);
    },
  },
  "platform-empty": unreadable("empty"),
  "platform-slow": lasting("verify", port, (random) => ({ delayMs: between(random, 1, 60) * SECOND_MS })),
  "platform-hangs": lasting("verify", port, () => ({ hangs: true })),
  "units-start-late": lasting("verify", reads, (random) => ({ startFactor: between(random, 3, 20) })),
  "units-never-start": {
    stage: "verify",
    begin: (world) => {
      const end = lasting("verify", reads, () => ({ startFactor: 1e6 })).begin(world);
      return () => {
        end?.();
        world.platform.restartStarts();
      };
    },
  },
  "units-crash": once("verify", ({ platform, random }) => platform.crashUnits(between(random, 1, 6))),
  "units-crash-in-a-loop": lasting("verify", reads, () => ({ crashLoops: true })),
  "third-hand-grows": once("verify", (world) =>
    world.disturb(pick(world.random, TIERS), between(world.random, 1, 9)),
  ),
  "third-hand-shrinks": once("verify", (world) =>
    world.disturb(pick(world.random, TIERS), -between(world.random, 1, 6)),
  ),
  "third-hand-warms": once("verify", ({ platform, random }) => platform.setWarm(between(random, 1, 4), null)),
  "person-pauses": {
    stage: "decide",
    begin: (world) => {
      world.pause(world.clock.nowMs() + between(world.random, 5, 90) * MINUTE_MS);
      return world.resume;
    },
  },
  "mode-observe": inMode("observe"),
  "mode-shadow": inMode("shadow"),
  "mode-suggest-approved": inMode("suggest", "approves"),
  "mode-suggest-rejected": inMode("suggest", "rejects"),
  "mode-suggest-ignored": inMode("suggest", "dithers"),
  "promotion-from-shadow": configured((settings) => ({
    ...settings,
    promotion: { from: "shadow", afterMs: durationMs(20 * MINUTE_MS) },
  })),
  "limits-lowered": configured((settings, random) => ({
    ...settings,
    limits: { ...settings.limits, maxTotalUnits: between(random, 20, 36) },
  })),
  "steps-narrowed": configured(({ limits, ...settings }) => ({
    ...settings,
    limits: { ...limits, maxStepDownUnits: 1, maxStepUpUnits: 4 },
  })),
  "cost-cap-lowered": configured(({ limits, ...settings }) => ({
    ...settings,
    limits: { ...limits, maxCostUsdPerHour: 2 },
  })),
  "baseline-raised": configured(({ tiers, policies, ...settings }) => ({
    ...settings,
    tiers: { ...tiers, baseline: { ...tiers.baseline, minUnits: 5 } },
    policies: { ...policies, limits: { ...policies.limits, minBaselineUnits: 5 } },
  })),
  "sizing-changed": configured(({ sizing, tags, ...settings }) => ({
    ...settings,
    tags: { ...tags, owner: "ann" },
    sizing: {
      ...sizing,
      rule: "magnitude",
      marginFraction: 0.2,
      stabilizationMs: durationMs(30 * MINUTE_MS),
    },
  })),
} as const satisfies Readonly<Record<string, FaultKind>>;
