import { TIERS, type Tier } from "../model/tier.ts";
import type { KindWanted } from "./wanted-kinds.ts";

/** What was asked of the platform last: outlives the supervisor in its state file. */
export interface Wanted {
  readonly plan: PlanRequest | null;
  /** Highest generation ever taken; stays when the plan is deleted, so that no stale plan slips in later. */
  readonly planGeneration: number;
  /** A tier that is absent was never created, or was deleted. */
  readonly tiers: Readonly<Partial<Record<Tier, number>>>;
  readonly warm: WarmWanted | null;
  /** Warm pieces of other kinds, by name; absent: none. */
  readonly kinds?: Readonly<Record<string, KindWanted>>;
}

export interface PlanRequest {
  readonly planGeneration: number;
  readonly decisionId: string;
  readonly cutoffMs: number;
  readonly observedUnits: number;
}

export interface WarmRequest {
  readonly units: number;
  /** Life of the pool from now on, wall time; null: until further notice. */
  readonly ttlWallMs: number | null;
  /** The same end in the daemon's time, kept for reading back only. */
  readonly expiresMs: number | null;
  readonly reason: string;
}

export interface WarmWanted extends WarmRequest {
  readonly expiresWallMs: number | null;
}

export type Outcome =
  | { readonly kind: "taken"; readonly wanted: Wanted }
  | {
      readonly kind: "refused";
      readonly status: 409 | 422;
      readonly message: string;
      /** Both generations of a fenced write. */
      readonly storedGeneration?: number;
      readonly refusedGeneration?: number;
    };

export const NOTHING_WANTED: Wanted = { plan: null, planGeneration: 0, tiers: {}, warm: null };

/** A plan is taken when it is newer than any before it, or the very plan that is current (a retried write). */
export function takePlan(wanted: Wanted, plan: PlanRequest): Outcome {
  const { planGeneration } = plan;
  if (planGeneration < wanted.planGeneration) return fenced(wanted, planGeneration);
  const rival = planGeneration === wanted.planGeneration && wanted.plan !== null;
  if (rival && wanted.plan?.decisionId !== plan.decisionId) {
    return {
      ...fenced(wanted, planGeneration),
      message: `plan generation ${planGeneration} is taken by decision ${wanted.plan?.decisionId}: plan again`,
    };
  }
  return { kind: "taken", wanted: { ...wanted, plan, planGeneration } };
}

export function takeTier(
  wanted: Wanted,
  tier: Tier,
  request: { readonly units: number; readonly planGeneration: number },
  maxUnits: number,
): Outcome {
  if (!isCurrent(wanted, request.planGeneration)) return fenced(wanted, request.planGeneration);
  const tiers = { ...wanted.tiers, [tier]: request.units };
  const total = totalWanted(tiers);
  if (total > maxUnits && request.units > (wanted.tiers[tier] ?? 0)) return tooMany(total, maxUnits);
  return { kind: "taken", wanted: { ...wanted, tiers } };
}

/** `nowWallMs` starts the pool's life: taking the same request again renews it. */
export function takeWarm(
  wanted: Wanted,
  request: WarmRequest & { readonly planGeneration: number },
  maxUnits: number,
  nowWallMs: number,
): Outcome {
  const { planGeneration, ...pool } = request;
  if (!isCurrent(wanted, planGeneration)) return fenced(wanted, planGeneration);
  const total = totalWanted(wanted.tiers) + pool.units;
  if (total > maxUnits && pool.units > 0) return tooMany(total, maxUnits);
  const expiresWallMs = pool.ttlWallMs === null ? null : nowWallMs + pool.ttlWallMs;
  return { kind: "taken", wanted: { ...wanted, warm: { ...pool, expiresWallMs } } };
}

export function dropTier(wanted: Wanted, tier: Tier): Wanted {
  const { [tier]: _gone, ...tiers } = wanted.tiers;
  return { ...wanted, tiers };
}

/** Warm units to hold now: none once expired; tiers come first where the largest number of units is short. */
export function warmUnitsNow(wanted: Wanted, maxUnits: number, nowWallMs: number): number {
  if (wanted.warm === null || isExpired(wanted.warm, nowWallMs)) return 0;
  return Math.max(0, Math.min(wanted.warm.units, maxUnits - totalWanted(wanted.tiers)));
}

export function isExpired(warm: WarmWanted, nowWallMs: number): boolean {
  return warm.expiresWallMs !== null && nowWallMs >= warm.expiresWallMs;
}

export function totalWanted(tiers: Wanted["tiers"]): number {
  return TIERS.reduce((sum, tier) => sum + (tiers[tier] ?? 0), 0);
}

export function isCurrent(wanted: Wanted, planGeneration: number): boolean {
  return wanted.plan !== null && wanted.planGeneration === planGeneration;
}

export function fenced(wanted: Wanted, refusedGeneration: number): Outcome & { readonly kind: "refused" } {
  return {
    kind: "refused",
    status: 409,
    message:
      `stale plan: generation ${refusedGeneration} is refused, ` +
      `the platform's plan is generation ${wanted.planGeneration}`,
    storedGeneration: wanted.planGeneration,
    refusedGeneration,
  };
}

function tooMany(total: number, maxUnits: number): Outcome {
  return {
    kind: "refused",
    status: 422,
    message:
      `${total} units are more than platform.maxUnits (${maxUnits}): ` +
      "ask for fewer or raise the limit in the base stack",
  };
}
