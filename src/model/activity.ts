import type { DurationMs } from "./time.ts";

/** What a user agent says it is. Bots that hide are found by behaviour, not here. */
export type AgentKind = "browser" | "app" | "tool" | "declared-bot" | "unknown";
export type DeviceClass = "desktop" | "mobile" | "tablet" | "other" | "unknown";

/**
 * One request of one user as it is kept: pseudonymised before it exists, so nothing in it names a person.
 * Times are the source's, in epoch milliseconds; unknown is `undefined`, never zero.
 */
export interface ActivityEvent {
  readonly atMs: number;
  /** Keyed HMAC of what told the user apart (an account, a cookie, an address), 22 base64url characters. */
  readonly user: string;
  readonly method: string;
  /** Path without query, its variable parts named: `/orders/:id`. */
  readonly endpoint: string;
  readonly status: number;
  readonly bytes: number | undefined;
  readonly responseMs: number | undefined;
  /** Time spent in database queries, where the source tells. */
  readonly databaseMs: number | undefined;
  readonly device: DeviceClass;
  readonly agent: AgentKind;
  /** Endpoint of the same site that led here. */
  readonly referrer: string | undefined;
  /** SLA class or account tier, where the source tells. */
  readonly sla: string | undefined;
  /** Coarse (country or part of one), only where consent is given. */
  readonly region: string | undefined;
}

/** How lines are read. `auto`: guessed from the first lines. */
export const ACTIVITY_FORMATS = [
  "auto",
  "common",
  "combined",
  "nginx",
  "haproxy",
  "envoy",
  "alb",
  "cloudfront",
  "json",
] as const;
export type ActivityFormat = (typeof ACTIVITY_FORMATS)[number];

/** What a source's fields can mean; a field map names the JSON field of each. */
export const ACTIVITY_FIELDS = [
  "time",
  "address",
  "account",
  "cookie",
  "agent",
  "method",
  "target",
  "status",
  "bytes",
  "response",
  "database",
  "referrer",
  "host",
  "sla",
  "region",
  "consent",
  "id",
] as const;
export type ActivityField = (typeof ACTIVITY_FIELDS)[number];

/** What tells one user from another; the first of a list that a line has is taken. */
export type IdentifyBy = "account" | "cookie" | "address-agent" | "address";

export interface ActivitySourceSettings {
  /** A file, or `-` for standard input. */
  readonly path: string;
  readonly format: ActivityFormat;
  /** Names of JSON fields, dots between levels; absent ones have usual names. */
  readonly fields: Readonly<Partial<Record<ActivityField, string>>>;
  /** Goes on reading as the file grows and is rotated. */
  readonly follow: boolean;
}

export interface ActivityPrivacySettings {
  /** File of the keys, made with 0600 on first use; undefined: in the state folder. */
  readonly keyFile: string | undefined;
  /** Environment variable that holds the keys instead, the newest first, commas between. */
  readonly keyEnv: string | undefined;
  /** A key older than this gets a successor. */
  readonly rotateMs: DurationMs;
  /** How long users of an old key are still recognised; at least the retention. */
  readonly overlapMs: DurationMs;
  /** What is shown is of at least so many users. */
  readonly k: number;
  /** Values of the consent field that give consent; empty: the sources carry no consent. */
  readonly consentValues: readonly string[];
  /** What happens to a request without consent: kept under its pseudonym, or only counted as demand. */
  readonly withoutConsent: "pseudonymous" | "demand-only";
}

/** `activity` in the configuration. */
export interface ActivitySettings {
  readonly sources: readonly ActivitySourceSettings[];
  readonly identify: {
    readonly by: readonly IdentifyBy[];
    /** Name of the cookie that is one user's. */
    readonly cookie: string | undefined;
  };
  readonly privacy: ActivityPrivacySettings;
  /** Profiles not seen for so long are deleted. */
  readonly retentionMs: DurationMs;
  /** Hosts of the site: referrers from them are kept. Empty: the line's own host, or the one seen most. */
  readonly hosts: readonly string[];
  /** Requests may come out of order by so much. */
  readonly reorderMs: DurationMs;
  readonly maxEndpoints: number;
  /** POST /v1/activity, /v1/logs and /v1/metrics are served. */
  readonly push: boolean;
}

/** Why a line or event was not taken. */
export const ACTIVITY_REJECTIONS = [
  /** No line of the format. */
  "unparsable",
  "too-long",
  /** Holds a NUL byte. */
  "binary",
  "bad-time",
  "bad-status",
  "bad-json",
  /** Nothing in it tells a user. */
  "no-user",
  /** Kept for demand only. */
  "no-consent",
  "duplicate",
  /** Older than the reorder window. */
  "late",
] as const;
export type ActivityRejection = (typeof ACTIVITY_REJECTIONS)[number];

export interface ActivityCounts {
  readonly lines: number;
  /** Handed on. */
  readonly events: number;
  /** Came out of order and were put in order. */
  readonly reordered: number;
  /** Given out before the reorder window had passed, as it was full. */
  readonly hurried: number;
  /** Of users known under an older key. */
  readonly renamed: number;
  readonly rejected: Readonly<Record<ActivityRejection, number>>;
}

/** What is kept about one user, opaque here: `src/profile` reads and writes `state`. */
export interface ProfileEntry {
  readonly user: string;
  readonly lastSeenMs: number;
  readonly state: string;
}

/** Where profiles are kept, by pseudonym. One process writes; `forget` may come from another. */
export interface ProfileStore {
  get(user: string): ProfileEntry | undefined;
  /** Users seen last come first. */
  all(limit: number, offset?: number): readonly ProfileEntry[];
  count(): number;
  /**
   * Replaces or adds. `forgottenSeen` is the mark up to which the caller has dropped forgotten users from its
   * own memory: an entry of a user forgotten after it is left out. Returns the number written.
   */
  put(entries: readonly ProfileEntry[], forgottenSeen: number): number;
  /** A user's key was renewed: the profile moves to the new pseudonym, unless there is one. */
  rename(from: string, to: string): void;
  /**
   * Deletes users by pseudonym, or by its first 11 characters (all agents of one address). Returns how many.
   */
  forget(users: readonly string[], atMs: number): number;
  /** Pseudonyms (or first halves) forgotten after `mark`, and the new mark. */
  forgottenAfter(mark: number): { readonly users: readonly string[]; readonly mark: number };
  /**
   * Deletes profiles not seen since, and marks of forgotten users older than that. Returns how many profiles.
   */
  expire(beforeMs: number): number;
  /** State that is of no single user: chains, clusters, sketches. */
  getShared(key: string): string | undefined;
  putShared(key: string, state: string): void;
}

/** What a push is answered. */
export type IntakeAnswer =
  | { readonly kind: "taken"; readonly events: number; readonly rejected: number }
  /** Nothing was taken: come again. */
  | { readonly kind: "busy"; readonly retryAfterMs: number }
  | { readonly kind: "bad"; readonly what: string };

export type PushKind = "lines" | "otlp-logs-json" | "otlp-logs" | "otlp-metrics-json" | "otlp-metrics";

/** Takes what is pushed over HTTP; the body is no longer than what the route allows. */
export interface ActivityIntake {
  offer(kind: PushKind, body: Uint8Array): Promise<IntakeAnswer>;
}

/** One measured value of OTLP metrics; attributes that could name a person are left out. */
export interface UsagePoint {
  readonly atMs: number;
  readonly name: string;
  readonly unit: string;
  /** Sum, gauge, or a histogram's count. */
  readonly value: number;
  /** A histogram's sum. */
  readonly sum: number | undefined;
  /** `delta` and `cumulative` as OTLP says; gauges are `now`. */
  readonly temporality: "delta" | "cumulative" | "now";
}

/**
 * What may be shown of groups of users: those of fewer than `k` users are withheld, together and as one
 * `(withheld)` group. That group, too, has at least `k` users, so that nobody finds it by subtraction: where
 * the small ones have fewer, the next smallest is withheld with them. If all is too small, nothing is shown.
 */
export function withheldBelow<T extends { readonly users: number }>(
  groups: readonly T[],
  k: number,
): { readonly shown: readonly T[]; readonly withheld: readonly T[] } {
  const bySize = [...groups].sort((a, b) => a.users - b.users);
  let hidden = bySize.filter((group) => group.users < k).length;
  let users = bySize.slice(0, hidden).reduce((sum, group) => sum + group.users, 0);
  while (hidden > 0 && users < k && hidden < bySize.length) users += bySize[hidden++]?.users ?? 0;
  const withheld = new Set(bySize.slice(0, hidden));
  return { shown: groups.filter((group) => !withheld.has(group)), withheld: [...withheld] };
}
