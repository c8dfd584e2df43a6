/** What a user agent says it is. Bots that hide are found by behaviour, not here. */
export type AgentKind = "browser" | "app" | "tool" | "declared-bot" | "unknown";
export type DeviceClass = "desktop" | "mobile" | "tablet" | "other" | "unknown";

/**
 * One request of one user as it is kept: pseudonymised before it exists, so nothing in it names a person. Times are the
 * source's, in epoch milliseconds; unknown is `undefined`, never zero.
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
