import { TIERS } from "../model/tier.ts";
import { pick } from "./seeded-random.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

/** What can go wrong in a night, by name. */
export const FAULTS = [
  "update-fails-before",
  "update-fails-partly",
  "update-fails-after",
  "update-interrupted-partly",
  "update-interrupted-after",
  "update-times-out-after",
  "process-killed",
  "policy-says-no",
  "no-policy-evidence",
  "stack-locked",
  "engine-missing",
  "platform-silent",
  "platform-stale",
  "third-hand-grows",
  "third-hand-shrinks",
  "third-hand-between",
  "newer-plan-elsewhere",
  "demand-gone",
  "demand-gap",
  "demand-late",
  "demand-nan",
  "demand-nonsense",
  "demand-surges",
  "clock-back",
  "clock-forward",
  "journal-full",
  "units-start-late",
  "units-crash",
  "forecast-throws",
  "forecast-crossed",
  "forecast-zero",
  "forecast-hundredfold",
] as const;
export type Fault = (typeof FAULTS)[number];

const CLOCK_JUMP_MS = 3_600_000;
/** Effects of one cycle, at most: where a killed process may die. */
const EFFECTS_A_CYCLE = 18;

/** Lets a fault begin. What lasts, lasts until `endFaults`. */
export function beginFault(world: SimulatedWorld, fault: Fault): void {
  const { stack, platform, demand, forecaster, clock, crash, random } = world;
  const engine = stack.troubles;
  const effects: Readonly<Record<Fault, () => void>> = {
    "update-fails-before": () => set(engine, { update: { ending: "failed", effect: "before" } }),
    "update-fails-partly": () => set(engine, { update: { ending: "failed", effect: "partly" } }),
    "update-fails-after": () => set(engine, { update: { ending: "failed", effect: "after" } }),
    "update-interrupted-partly": () => set(engine, { update: { ending: "interrupted", effect: "partly" } }),
    "update-interrupted-after": () => set(engine, { update: { ending: "interrupted", effect: "after" } }),
    "update-times-out-after": () => set(engine, { update: { ending: "timeout", effect: "after" } }),
    "process-killed": () => crash.arm(Math.floor(random() * EFFECTS_A_CYCLE)),
    "policy-says-no": () => set(engine, { policyMaxTotalUnits: 4 }),
    "no-policy-evidence": () => set(engine, { noEvidence: true }),
    "stack-locked": () => set(engine, { lockedBy: "ann@laptop (pid 42)" }),
    "engine-missing": () => set(engine, { engineMissing: true }),
    "platform-silent": () => set(platform.troubles, { reads: "lost" }),
    "platform-stale": () => {
      platform.remember();
      set(platform.troubles, { reads: "stale" });
    },
    "third-hand-grows": () => world.disturb(pick(random, TIERS), 1 + Math.floor(random() * 9)),
    "third-hand-shrinks": () => world.disturb(pick(random, TIERS), -1 - Math.floor(random() * 6)),
    "third-hand-between": () => set(engine, { afterPreview: () => world.disturb(pick(random, TIERS), 2) }),
    "newer-plan-elsewhere": () => void platform.takePlan(platform.wanted().planGeneration + 5, "another"),
    "demand-gone": () => set(demand.troubles, { isGone: true }),
    "demand-gap": () => set(demand.troubles, { isLosing: true }),
    "demand-late": () => set(demand.troubles, { lateSteps: 1 + Math.floor(random() * 3) }),
    "demand-nan": () => set(demand.troubles, { nonsense: Number.NaN }),
    "demand-nonsense": () =>
      set(demand.troubles, { nonsense: random() < 0.5 ? -5 : Number.POSITIVE_INFINITY }),
    "demand-surges": () => world.surge(1.5 + random()),
    "clock-back": () => clock.jump(-CLOCK_JUMP_MS),
    "clock-forward": () => clock.jump(CLOCK_JUMP_MS),
    "journal-full": () => world.fillJournal(true),
    "units-start-late": () => set(platform.troubles, { startFactor: 10 }),
    "units-crash": () => platform.crashUnits(3),
    "forecast-throws": () => set(forecaster, { mood: "throws" }),
    "forecast-crossed": () => set(forecaster, { mood: "crossed" }),
    "forecast-zero": () => set(forecaster, { mood: "zero" }),
    "forecast-hundredfold": () => set(forecaster, { mood: "hundredfold" }),
  };
  effects[fault]();
}

function set<T extends object>(target: T, change: Partial<T>): void {
  Object.assign(target, change);
}

/** Everything that lasts is over; what was done stays done. */
export function endFaults(world: SimulatedWorld): void {
  const { stack, platform, demand, forecaster, crash } = world;
  Object.assign(stack.troubles, {
    engineMissing: false,
    lockedBy: null,
    policyMaxTotalUnits: Number.POSITIVE_INFINITY,
    noEvidence: false,
    update: null,
    afterPreview: null,
  });
  Object.assign(platform.troubles, { reads: "fine", startFactor: 1 });
  Object.assign(demand.troubles, { isGone: false, isLosing: false, lateSteps: 0, nonsense: null });
  forecaster.mood = "fine";
  crash.arm(undefined);
  world.surge(1);
  world.fillJournal(false);
}
