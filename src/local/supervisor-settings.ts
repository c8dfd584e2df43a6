import { z } from "zod";

/** What the base stack tells the supervisor. Times are wall milliseconds. */
export interface SupervisorSettings {
  readonly service: string;
  /** 0: any free port, kept over restarts where it is still free. */
  readonly routerPort: number;
  readonly slotsPerUnit: number;
  readonly serviceTimeMs: number;
  /** A request served later than this counts as late. */
  readonly latencyObjectiveMs: number;
  readonly startMedianMs: number;
  readonly startSigma: number;
  readonly drainMs: number;
  readonly queueLimit: number;
  readonly maxUnits: number;
}

export const SUPERVISOR_SETTINGS_SCHEMA = z.strictObject({
  service: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  routerPort: z.int().min(0).max(65_535),
  slotsPerUnit: z.int().min(1).max(1_000),
  serviceTimeMs: z.number().positive().max(60_000),
  latencyObjectiveMs: z.number().positive().max(600_000),
  startMedianMs: z.number().min(0).max(600_000),
  startSigma: z.number().min(0).max(2),
  drainMs: z.number().min(0).max(600_000),
  queueLimit: z.int().min(0).max(100_000),
  maxUnits: z.int().min(1).max(200),
});
