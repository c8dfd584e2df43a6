/** What is prepared in off-peak hours for the next peak. */
export interface PrewarmSettings {
  readonly tasks: readonly PrewarmTaskSettings[];
  /** Forecast quantile whose peak is prepared for. */
  readonly quantile: number;
  /** A peak counts where units rise to it by at least this share of the peak. */
  readonly minRiseFraction: number;
  /** Tries of one task, the first counted. */
  readonly maxAttempts: number;
}

export interface PrewarmTaskSettings {
  readonly name: string;
  readonly action: PrewarmAction;
  /** How long before the peak it has to be done. */
  readonly leadMs: number;
  /** Pieces to prepare for each unit that is to come. */
  readonly perUnit: number;
  /** Wall time of one try. */
  readonly timeoutMs: number;
}

export type PrewarmAction =
  /** POST of the request as JSON. The token is read from its file at each try. */
  | { readonly kind: "webhook"; readonly url: string; readonly tokenFile: string | undefined }
  /** A program with arguments, no shell; the request is its standard input. */
  | { readonly kind: "command"; readonly argv: readonly string[] };

/** The part of the settings that a plan is a function of. */
export interface PrewarmRule {
  readonly quantile: number;
  readonly minRiseFraction: number;
  readonly tasks: readonly Pick<PrewarmTaskSettings, "name" | "leadMs" | "perUnit">[];
}

/** What to prepare for the next peak, when and why. Instants are the daemon's. */
export interface PrewarmPlan {
  readonly id: string;
  readonly peakMs: number;
  /** Needed at the peak and at its trough before. */
  readonly peakUnits: number;
  readonly troughUnits: number;
  /** The off-peak window. */
  readonly dueMs: number;
  readonly untilMs: number;
  readonly tasks: readonly PrewarmTaskPlan[];
  readonly reason: string;
}

export interface PrewarmTaskPlan {
  readonly name: string;
  /** Pieces to prepare. */
  readonly count: number;
  /** Not begun after this: it could not be done in time. */
  readonly untilMs: number;
}

/** What a task is told. */
export interface PrewarmRequest {
  readonly service: string;
  readonly planId: string;
  readonly task: string;
  readonly count: number;
  readonly units: number;
  readonly peak: string;
  readonly deadline: string;
  readonly reason: string;
}

/** Carries out one task. Never rejects. */
export interface PrewarmRunner {
  run(task: PrewarmTaskSettings, request: PrewarmRequest, signal: AbortSignal): Promise<PrewarmEnding>;
}

export interface PrewarmEnding {
  readonly kind: "done" | "failed";
  /** Words without secrets: a status, an exit code. */
  readonly note: string;
}

/** How far a task of the plan in hand has come. */
export interface PrewarmTaskState {
  readonly name: string;
  /**
   * `begun` in a journal that is read at start: the daemon ended amid it, and it is not repeated (`cut-off`).
   * `recorded`: the mode does not act. `expired`: its time ran out before it was done.
   */
  readonly state: "waiting" | "begun" | "done" | "failed" | "cut-off" | "recorded" | "expired";
  readonly attempts: number;
  readonly atMs: number;
  readonly note: string;
}

/** The plan in hand, kept over restarts. */
export interface PrewarmState {
  readonly plan: PrewarmPlan;
  readonly tasks: readonly PrewarmTaskState[];
}
