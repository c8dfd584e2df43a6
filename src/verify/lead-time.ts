/** What one update measured, in wall milliseconds. */
export interface StartMeasurement {
  /** Decision to the end of the engine run. */
  readonly engineWallMs: number;
  /** Request of a unit to ready, a value per unit that became ready. */
  readonly startWallMs: readonly number[];
}

/** Lead times kept; older ones say little about the platform of today. */
const MAX_SAMPLES = 200;

/**
 * Measured lead times with those of one update added, oldest first, in the daemon's milliseconds: `speed` of them
 * pass per wall millisecond. Lead time is decision to ready unit: the engine run counts. What is no time is left out.
 */
export function withLeadTimes(
  samplesMs: readonly number[],
  measured: StartMeasurement,
  speed: number,
): readonly number[] {
  const added = measured.startWallMs
    .map((startWallMs) => (measured.engineWallMs + startWallMs) * speed)
    .filter((sampleMs) => Number.isFinite(sampleMs) && sampleMs >= 0);
  return [...samplesMs, ...added].slice(-MAX_SAMPLES);
}
