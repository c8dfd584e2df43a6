/** A kind of warm piece beside processes, e.g. open database connections. Count of pieces, never units. */
export interface WarmKindSettings {
  readonly name: string;
  /** Pieces that one request/s, or one unit, keeps in use. */
  readonly use: { readonly per: "rps" | "unit"; readonly count: number };
  /** Held idle at all times, forecast or not. */
  readonly minCount: number;
  readonly maxCount: number;
  readonly priceUsdPerHour: number;
  /** Cost of one piece missing for an hour. */
  readonly underUsdPerHour: number;
  /** Pieces beyond `minCount` are given back after this. */
  readonly expiryMs: number;
  readonly quantile: number;
  readonly target: WarmTarget;
}

/** Where the pieces come from: a TCP server. */
export interface WarmTarget {
  readonly host: string;
  readonly port: number;
  /** Said by each new connection, and what the answer must contain before it counts as idle; null: nothing is said. */
  readonly hello: { readonly sendHex: string; readonly untilHex: string } | null;
  readonly connectTimeoutMs: number;
}

/** What was applied of one kind. */
export interface WarmKindHeld {
  readonly count: number;
  /** Null: only `minCount` is held, until further notice. */
  readonly expiresMs: number | null;
}

/** What a decision says of one kind. */
export interface WarmKindPlan {
  readonly name: string;
  readonly before: number;
  readonly count: number;
  /** Undefined: until further notice. */
  readonly expiresMs: number | undefined;
  readonly reason: string;
}

/** All that the stack needs to hold one kind. */
export interface WarmKindInputs {
  readonly name: string;
  readonly count: number;
  readonly minCount: number;
  readonly priceUsdPerHour: number;
  /** End of what is beyond `minCount`, in the daemon's time. */
  readonly expiresMs: number | null;
  /** The same as wall time from the update on. */
  readonly ttlWallMs: number | null;
  readonly reason: string;
  readonly target: WarmTarget;
}

/** What the platform has of one kind. */
export interface WarmKindState {
  readonly wantedCount: number;
  /** Open and waiting to be taken. */
  readonly idleCount: number;
  readonly openingCount: number;
  /** Handed out and not given back. */
  readonly inUseCount: number;
  /** Broken or refused since the supervisor started. */
  readonly brokenCount: number;
  /** In a row, none opened since. */
  readonly failuresInRow: number;
  /** Words of the last failure; empty after a connection opened. */
  readonly note: string;
  /** Unix socket at which pieces are taken. */
  readonly socket: string;
}

/** What could be done about the next unit that the sizes do not hold, and what each is expected to cost. */
export interface WarmChoice {
  /** The unit that is spoken of, counted from 1 over all tiers and the pool. */
  readonly unit: number;
  readonly choice: "start-now" | "keep-warm" | "wait";
  readonly startUsd: number;
  readonly warmUsd: number;
  readonly waitUsd: number;
}

/** `kinds`, or none: records of before there were kinds hold no list. */
export function warmKindsOf<T>(kinds: readonly T[] | undefined): readonly T[] {
  return kinds ?? [];
}
