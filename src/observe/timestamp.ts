import type { ZoneClock } from "./zone-clock.ts";

const DAY_MS = 86_400_000;

/**
 * The instant that `text` names, or NaN.
 *
 *     2014-04-10T00:04:00Z   2014-04-10 00:04:00.5+02:00   with a zone
 *     2014-04-10 00:04       2014-04-10                    on the clock of `zone`
 *     1397088240             1397088240000                 epoch seconds, milliseconds (from 1e11 on)
 *
 * `afterMs` is the instant before it in the file; see `ZoneClock`.
 */
export function parseTimestamp(text: string, zone: ZoneClock, afterMs: number): number {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return epochNumber(text);
  const date = dateMs(text);
  if (text.length === 10) return zone(date, afterMs);
  const separator = text.charCodeAt(10);
  if (separator !== 84 && separator !== 32) return Number.NaN;
  const end = text.charCodeAt(16) === 58 ? 19 : 16;
  const ms = date + timeOfDayMs(text, end);
  if (text.length === end) return zone(ms, afterMs);
  if (text.length === end + 1 && (text.charCodeAt(end) | 32) === 122) return ms;
  return withRest(ms, text.slice(end), zone, afterMs);
}

/** `HH:MM` or `HH:MM:SS` up to `end`. 24:00 and leap seconds are not read: no grid has a place for them. */
function timeOfDayMs(text: string, end: number): number {
  const hour = digits(text, 11, 13);
  const minute = digits(text, 14, 16);
  const second = end === 19 ? digits(text, 17, 19) : 0;
  const isTime = text.charCodeAt(13) === 58 && hour < 24 && minute < 60 && second < 60;
  return isTime ? hour * 3_600_000 + minute * 60_000 + second * 1000 : Number.NaN;
}

/** Fraction of a second, and a zone. */
function withRest(localMs: number, rest: string, zone: ZoneClock, afterMs: number): number {
  const match = /^(?:[.,](\d{1,9}))? ?(?:(Z|z|UTC)|([+-])(\d{2}):?(\d{2})?)?$/.exec(rest);
  if (match === null) return Number.NaN;
  const [, fraction = "", utc, sign, hours, minutes = "0"] = match;
  const ms = localMs + (fraction === "" ? 0 : Math.floor(Number(`0.${fraction}`) * 1000));
  if (utc !== undefined) return ms;
  if (sign === undefined) return zone(ms, afterMs);
  const offset = Number(hours) * 3_600_000 + Number(minutes) * 60_000;
  return offset > 18 * 3_600_000 ? Number.NaN : ms - (sign === "-" ? -offset : offset);
}

function epochNumber(text: string): number {
  if (!/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) return Number.NaN;
  // 20140410 is meant as a date, not as a day of August 1970.
  if (/^(?:19|20)\d{6}$/.test(text)) return Number.NaN;
  const value = Number(text);
  return Math.round(value < 1e11 ? value * 1000 : value);
}

function dateMs(text: string): number {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 7);
  const day = digits(text, 8, 10);
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) return Number.NaN;
  return daysFromCivil(year, month, day) * DAY_MS;
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days since 1970-01-01 (H. Hinnant, chrono-compatible date algorithms, `days_from_civil`). */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
