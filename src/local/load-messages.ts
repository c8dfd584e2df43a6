/** Requests to send within a stretch of wall time, spread at random over it. */
export interface LoadBatch {
  readonly startWallMs: number;
  readonly durationMs: number;
  /** Requests per endpoint; an endpoint is one path segment, sent as GET /ENDPOINT. */
  readonly counts: Readonly<Record<string, number>>;
}

/** What happened in one second of the wall clock. */
export interface LoadSecond {
  readonly fromWallMs: number;
  /** Requests due in this second. */
  readonly scheduled: number;
  readonly sent: number;
  /** Answered with 2xx in this second. */
  readonly ok: number;
  /** Answered otherwise, or not at all, in this second. */
  readonly failed: number;
  /** Due but not sent: too many outstanding, or the generator was more than 5 s behind. */
  readonly dropped: number;
  /**
   * Of the answers of this second, from the instant a request was *due*: a late generator or a full queue shows
   * as latency and never hides it (coordinated omission).
   */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

export interface LoadSettings {
  readonly routerUrl: string;
  /** Requests without an answer at any time; beyond it they are dropped and counted. */
  readonly maxOutstanding: number;
  readonly requestTimeoutMs: number;
  readonly seed: number;
}

export type LoadOrder =
  | { readonly kind: "batch"; readonly batch: LoadBatch }
  /** Change of address after a restart of the router. */
  | { readonly kind: "router"; readonly routerUrl: string }
  /** Send no more; report what is outstanding and end. */
  | { readonly kind: "stop" };

export type LoadReport =
  | { readonly kind: "ready" }
  | { readonly kind: "second"; readonly second: LoadSecond }
  | { readonly kind: "ended" };
