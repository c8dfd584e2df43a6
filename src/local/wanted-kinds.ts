import type { WarmTarget } from "../model/warm.ts";
import { fenced, isCurrent, type Outcome, type Wanted } from "./wanted.ts";

export interface KindRequest {
  readonly count: number;
  /** What stays when the rest has expired. */
  readonly minCount: number;
  /** Life of what is beyond `minCount` from now on, wall time; null: until further notice. */
  readonly ttlWallMs: number | null;
  /** The same end in the daemon's time, kept for reading back only. */
  readonly expiresMs: number | null;
  readonly reason: string;
  readonly target: WarmTarget;
}

export interface KindWanted extends KindRequest {
  readonly expiresWallMs: number | null;
}

/** `nowWallMs` starts the life of what is beyond the least: taking the same request again renews it. */
export function takeKind(
  wanted: Wanted,
  name: string,
  request: KindRequest & { readonly planGeneration: number },
  nowWallMs: number,
): Outcome {
  const { planGeneration, ...kind } = request;
  if (!isCurrent(wanted, planGeneration)) return fenced(wanted, planGeneration);
  const expiresWallMs = kind.ttlWallMs === null ? null : nowWallMs + kind.ttlWallMs;
  const kinds = { ...wanted.kinds, [name]: { ...kind, expiresWallMs } };
  return { kind: "taken", wanted: { ...wanted, kinds } };
}

export function dropKind(wanted: Wanted, name: string): Wanted {
  const { [name]: _gone, ...kinds } = wanted.kinds ?? {};
  return { ...wanted, kinds };
}

/** Pieces to hold now. */
export function kindCountNow(kind: KindWanted, nowWallMs: number): number {
  const isExpired = kind.expiresWallMs !== null && nowWallMs >= kind.expiresWallMs;
  return isExpired ? Math.min(kind.count, kind.minCount) : kind.count;
}
