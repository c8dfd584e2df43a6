import type { AgentKind, DeviceClass } from "./activity.ts";

/** What a request is for, told from its path and method. */
export type ResourceType = "page" | "api" | "asset" | "feed" | "document" | "robots" | "probe";

/**
 * One user as kept: plain data, under 2 kB as JSON, any part of it mergeable into a report. Counts are decayed: each
 * halves every half-life, so that old habits fade; `first` and `last` are not.
 */
export interface UserProfile {
  readonly user: string;
  readonly firstMs: number;
  readonly lastMs: number;
  /** When the decayed counts were last brought up to date. */
  readonly decayedMs: number;
  readonly requests: number;
  readonly sessions: number;
  readonly steps: number;
  readonly errors: number;
  readonly missing: number;
  readonly heads: number;
  readonly bytes: number;
  readonly referred: number;
  /** Requests by local hour, 24. */
  readonly hours: readonly number[];
  readonly types: Readonly<Partial<Record<ResourceType, number>>>;
  /** The busiest endpoints and their decayed requests, at most 12. */
  readonly endpoints: Readonly<Record<string, number>>;
  /** Linear counting bitmap of all endpoints ever asked for, 8 words of 32 bits. */
  readonly breadth: readonly number[];
  /** Pauses between requests within a session: how many, sum and sum of squares of ln(1 + seconds). */
  readonly pauses: readonly [count: number, sum: number, squares: number];
  /** Most requests in one minute. */
  readonly busiestMinute: number;
  /** Requests per day of the last days with any, newest last, at most 14: `[day since 1970, requests]`. */
  readonly history: readonly (readonly [day: number, requests: number])[];
  readonly device: DeviceClass;
  readonly agent: AgentKind;
  readonly sla: string | undefined;
  readonly segment: string | undefined;
}
