import type { ForecastEvidence, MemberReport, QuantileForecast } from "./forecast.ts";
import type { KnownAhead } from "./known-ahead.ts";
import type { LatencyObservation } from "./latency.ts";
import type { PlatformState, TrafficSample } from "./platform.ts";
import type { DemandSeries } from "./series.ts";
import type { BaseInputs, StackInputs } from "./stack-inputs.ts";
import type { EpochMs } from "./time.ts";

/** The daemon's time. `speed` daemon milliseconds pass per wall millisecond. */
export interface Clock {
  readonly speed: number;
  nowMs(): EpochMs;
  /** Wall milliseconds that only ever rise; for deadlines and durations. */
  monotonicMs(): number;
  /** Resolves after `durationMs` of the daemon's time, or at once when `signal` aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** Demand from outside. Never invents: what is not known is a gap. */
export interface DemandSource {
  /** Words for status and errors, e.g. `csv trace.csv`. */
  readonly name: string;
  /**
   * Whole grid steps known by `nowMs`, at most `historyMs` of them. Rejects with an error whose message is one
   * clear line when the source cannot be read.
   */
  read(nowMs: EpochMs, historyMs: number): Promise<DemandSeries>;
  /** Response times of the last whole step known by `nowMs`, of the last `read`; undefined: not in the data. */
  latency?(nowMs: EpochMs): LatencyObservation | undefined;
  close(): Promise<void>;
}

/** What is planned, and series that go before demand. */
export interface AheadSource {
  /** As known at `nowMs`. Never rejects: what cannot be read is said aside, and the last good state stands. */
  read(nowMs: EpochMs): Promise<KnownAhead>;
  close(): Promise<void>;
}

/** Fits and forecasts off the main thread. */
export interface ForecastEngine {
  /** `key` names the series; what is learned about it is kept under that key. */
  forecast(
    key: string,
    series: DemandSeries,
    ahead?: KnownAhead,
  ): Promise<{ forecast: QuantileForecast; evidence: ForecastEvidence }>;
  /** What is learned about a series, as bytes for keeping; undefined when nothing is. */
  exportLearned?(key: string): Uint8Array | undefined;
  /** Takes bytes of `exportLearned`; false when they cannot be read: the series then starts cold. Never throws. */
  importLearned?(key: string, bytes: Uint8Array): boolean;
  /** The members of a series' ensemble; undefined before its first forecast. */
  describe?(key: string): readonly MemberReport[] | undefined;
  close(): Promise<void>;
}

/** Reads the platform; never changes it (changes go through stacks). */
export interface PlatformReader {
  state(): Promise<PlatformState>;
  traffic(fromWallMs: number): Promise<readonly TrafficSample[]>;
}

/** One resource operation of a preview or an update. */
export interface ResourceChange {
  readonly op: string;
  readonly type: string;
  readonly name: string;
  /** Inputs that differ: property, before, after. Values are printable; no secrets. */
  readonly diff: readonly { readonly property: string; readonly before: string; readonly after: string }[];
}

/** Which policies looked at which resource and what they said: an update needs it whole. */
export interface PolicyEvidence {
  readonly pack: string;
  readonly packHash: string;
  readonly packVersion: string;
  readonly passed: number;
  readonly violations: readonly string[];
  /** Empty when the evidence is whole; else why it is not. */
  readonly missing: readonly string[];
}

export interface PreviewResult {
  readonly kind: "previewed";
  readonly changes: readonly ResourceChange[];
  readonly summary: Readonly<Record<string, number>>;
  readonly policy: PolicyEvidence;
  readonly diffText: string;
  readonly engineMs: number;
}

export interface UpdateResult {
  readonly kind: "updated";
  readonly changes: readonly ResourceChange[];
  readonly summary: Readonly<Record<string, number>>;
  readonly policy: PolicyEvidence;
  readonly engineMs: number;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** Expected endings of an engine run that did not do what it was asked. */
export type EngineFailure =
  | { readonly kind: "engine-missing"; readonly reason: string }
  | { readonly kind: "policy-violation"; readonly violations: readonly string[] }
  | { readonly kind: "no-policy-evidence"; readonly reason: string }
  | { readonly kind: "locked"; readonly by: string; readonly ownDead: boolean }
  | { readonly kind: "stale-plan"; readonly reason: string }
  | { readonly kind: "interrupted"; readonly reason: string }
  | { readonly kind: "timeout"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

export interface RecoveryReport {
  readonly kind: "recovered";
  /** What was found and mended, a line each; empty when all was in order. */
  readonly mended: readonly string[];
  /** Sizes that the stack's state holds after the refresh; null when the stack is empty. */
  readonly planGeneration: number;
}

/** The engine, one short-lived child process per run. `apply/` is the only implementation that runs Pulumi. */
export interface StackDriver {
  preview(inputs: StackInputs, signal?: AbortSignal): Promise<PreviewResult | EngineFailure>;
  update(inputs: StackInputs, signal?: AbortSignal): Promise<UpdateResult | EngineFailure>;
  /** Clears own dead locks and pending operations of an aborted update and refreshes the state. */
  recover(inputs: StackInputs | null, signal?: AbortSignal): Promise<RecoveryReport | EngineFailure>;
  destroy(signal?: AbortSignal): Promise<{ readonly kind: "destroyed" } | EngineFailure>;
  updateBase(inputs: BaseInputs, signal?: AbortSignal): Promise<UpdateResult | EngineFailure>;
  destroyBase(signal?: AbortSignal): Promise<{ readonly kind: "destroyed" } | EngineFailure>;
  close(): Promise<void>;
}

export interface Log {
  info(stage: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(stage: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(stage: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
}
