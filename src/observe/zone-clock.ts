const DAY_MS = 86_400_000;

/**
 * From a local clock to the instant: `localMs` is the clock's reading as if it were UTC.
 *
 * A reading that daylight saving skips moves forward by what was skipped; one that it repeats is the first of
 * the two, or the second when the first is not after `afterMs` (rows in time order tell the two apart).
 */
export type ZoneClock = (localMs: number, afterMs: number) => number;

/** Clock of an IANA zone. About two look-ups in the zone's table per day of readings. */
export function createZoneClock(timeZone: string): ZoneClock {
  if (timeZone === "UTC") return (localMs) => localMs;
  const offsetMs = createOffsetTable(timeZone);
  const plainDays = new Map<number, number>();
  return (localMs, afterMs) => {
    const day = Math.floor(localMs / DAY_MS);
    const known = plainDays.get(day);
    if (known !== undefined) return localMs - known;
    const before = offsetMs((day - 1) * DAY_MS);
    const after = offsetMs((day + 2) * DAY_MS);
    if (before !== after) return onDayOfChange(localMs, afterMs, before, after, offsetMs);
    if (plainDays.size > 50_000) plainDays.clear();
    plainDays.set(day, before);
    return localMs - before;
  };
}

function onDayOfChange(
  localMs: number,
  afterMs: number,
  before: number,
  after: number,
  offsetMs: (utcMs: number) => number,
): number {
  const fits = [before, after]
    .filter((offset) => offsetMs(localMs - offset) === offset)
    .map((offset) => localMs - offset)
    .sort((a, b) => a - b);
  const [first, second] = fits;
  if (first === undefined) return localMs - before;
  return first <= afterMs && second !== undefined ? second : first;
}

function createOffsetTable(timeZone: string): (utcMs: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (utcMs) => {
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(utcMs)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(utcMs / 1000) * 1000;
  };
}
