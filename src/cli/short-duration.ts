import { formatDuration } from "../model/time.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** A duration for people, in whole seconds from a second up and whole minutes from ten minutes up. */
export function shortDuration(durationMs: number | null | undefined): string {
  if (durationMs === null || durationMs === undefined || !Number.isFinite(durationMs)) return "?";
  const size = Math.abs(durationMs);
  const grain = size >= 10 * MINUTE_MS ? MINUTE_MS : size >= SECOND_MS ? SECOND_MS : 1;
  return formatDuration(Math.round(durationMs / grain) * grain);
}
