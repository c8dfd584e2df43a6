/** Ways in which demand can leave its forecast. */
export const FINDING_KINDS = ["point", "surge", "drop", "level-shift", "drift", "outage"] as const;
export type FindingKind =
  /** A step or two far off, then back. */
  | "point"
  /** Far above the forecast for a while. */
  | "surge"
  /** Far below the forecast for a while. */
  | "drop"
  /** A new level that stays: to be learned, not waited out. */
  | "level-shift"
  /** The forecast is off on one side, or misses too often, without one clear jump. */
  | "drift"
  /** Demand is gone, or nothing is known of it. */
  | "outage";

/** Something in demand that its forecast did not hold. Plain JSON. */
export interface Finding {
  readonly kind: FindingKind;
  readonly direction: "up" | "down";
  /** First step that belongs to it. */
  readonly startMs: number;
  /** When it was first said, as whatever kind. */
  readonly detectedMs: number;
  /** End of its last step; null while it lasts. */
  readonly endMs: number | null;
  readonly severity: "low" | "medium" | "high";
  /** In words, with the numbers behind it. */
  readonly reason: string;
}
