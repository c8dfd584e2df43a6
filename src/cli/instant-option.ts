import { parseDuration } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { parseTimestamp } from "../observe/timestamp.ts";
import { createZoneClock } from "../observe/zone-clock.ts";

/**
 * The instant that a flag names, ms. `-6h` is before `nowMs`; a time without zone is read on the clock of
 * `timeZone`. Throws a `UserError` that shows the forms.
 *
 *     -6h   now   2026-01-31T12:00:00Z   2026-01-31 12:00+01:00   2026-01-31 12:00   2026-01-31
 */
export function parseInstant(
  text: string,
  { name, nowMs, timeZone }: { readonly name: string; readonly nowMs: number; readonly timeZone: string },
): number {
  const wanted = text.trim();
  if (wanted === "now") return nowMs;
  if (wanted.startsWith("-")) {
    const back = parseDuration(wanted.slice(1));
    if (back !== undefined) return nowMs - back;
  }
  const atMs = parseTimestamp(wanted, createZoneClock(timeZone), Number.NEGATIVE_INFINITY);
  if (Number.isFinite(atMs) && Math.abs(atMs) <= 8.64e15) return atMs;
  throw new UserError(
    `${name}: "${text.slice(0, 40)}" is no instant (write -6h, 2026-01-31T12:00:00Z or 2026-01-31 12:00)`,
  );
}
