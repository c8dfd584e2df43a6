/** An instant: milliseconds since 1970-01-01T00:00:00Z, in the daemon's time (trace time when a trace is replayed). */
export type EpochMs = number & { readonly epochMs: unique symbol };

/** A length of time in milliseconds. */
export type DurationMs = number & { readonly durationMs: unique symbol };

export function epochMs(value: number): EpochMs {
  return value as EpochMs;
}

export function durationMs(value: number): DurationMs {
  return value as DurationMs;
}

/** The instant `duration` after (or, when negative, before) `instant`. */
export function later(instant: EpochMs, duration: number): EpochMs {
  return (instant + duration) as EpochMs;
}

export const SECOND_MS = durationMs(1_000);
export const MINUTE_MS = durationMs(60_000);
export const HOUR_MS = durationMs(3_600_000);
export const DAY_MS = durationMs(86_400_000);

/** `5m`, `1h30m`, `250ms`: the way people write durations. Loses nothing: `parse(format(x)) = x`. */
export function formatDuration(duration: number): string {
  let rest = Math.round(Math.abs(duration));
  if (rest === 0) return "0s";
  let text = duration < 0 ? "-" : "";
  for (const [name, size] of DURATION_UNITS) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${name}`;
    rest -= count * size;
  }
  return text;
}

/** A duration for people, in whole seconds from a second up and whole minutes from ten minutes up; `?` if unknown. */
export function shortDuration(duration: number | null | undefined): string {
  if (duration === null || duration === undefined || !Number.isFinite(duration)) return "?";
  const size = Math.abs(duration);
  const grain = size >= 10 * MINUTE_MS ? MINUTE_MS : size >= SECOND_MS ? SECOND_MS : 1;
  return formatDuration(Math.round(duration / grain) * grain);
}

/** Reads `90s`, `5m`, `1h30m`, `28d`, `250ms`. Returns undefined for anything else, bare numbers included. */
export function parseDuration(text: string): DurationMs | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, count, name] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) {
    const size = name === "w" ? 7 * DAY_MS : DURATION_UNITS.find(([unit]) => unit === name)?.[1];
    if (size === undefined) return undefined;
    total += Number(count) * size;
  }
  return durationMs(total);
}

const DURATION_UNITS: readonly (readonly [string, number])[] = [
  ["d", DAY_MS],
  ["h", HOUR_MS],
  ["m", MINUTE_MS],
  ["s", SECOND_MS],
  ["ms", 1],
];
