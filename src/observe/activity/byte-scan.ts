import { daysFromCivil } from "../timestamp.ts";

const MONTH_LETTERS = "JanFebMarAprMayJunJulAugSepOctNovDec";

/** First `byte` in `[from, to)`, or -1. */
export function findByte(line: Buffer, byte: number, from: number, to: number): number {
  for (let at = from; at < to; at++) if (line[at] === byte) return at;
  return -1;
}

/** The quote that ends the text beginning at `from`; one written `\"` does not. -1 when there is none. */
export function closingQuote(line: Buffer, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const byte = line[at];
    if (byte === 92) at++;
    else if (byte === 34) return at;
  }
  return -1;
}

/** A decimal number that fills `[from, to)`; NaN for anything else. No sign, no exponent. */
export function decimal(line: Buffer, from: number, to: number): number {
  let value = 0;
  let scale = 0;
  if (from >= to || to - from > 24) return Number.NaN;
  for (let at = from; at < to; at++) {
    const digit = (line[at] ?? 0) - 48;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      scale *= 10;
    } else if (digit === -2 && scale === 0 && at > from && at < to - 1) scale = 1;
    else return Number.NaN;
  }
  return scale === 0 ? value : value / scale;
}

/** A status of three digits followed by a blank or the end; NaN for anything else. */
export function statusAt(line: Buffer, from: number, to: number): number {
  if (from + 3 > to || (from + 3 < to && line[from + 3] !== 32)) return Number.NaN;
  const status = decimal(line, from, from + 3);
  return status >= 100 ? status : Number.NaN;
}

/** `10/Oct/2000:13:55:36` as if it were UTC; NaN for anything else. A leap second is the second before it. */
export function logClockMs(line: Buffer, at: number, to: number): number {
  if (at + 20 > to || line[at + 2] !== 47 || line[at + 6] !== 47) return Number.NaN;
  const month = monthOf(line, at + 3);
  const day = pair(line, at);
  const hour = pair(line, at + 12);
  const minute = pair(line, at + 15);
  if (month === 0 || !(day >= 1 && day <= 31 && hour < 24 && minute < 60)) return Number.NaN;
  const year = pair(line, at + 7) * 100 + pair(line, at + 9);
  const second = Math.min(59, pair(line, at + 18));
  return daysFromCivil(year, month, day) * 86_400_000 + hour * 3_600_000 + minute * 60_000 + second * 1000;
}

/** `10/Oct/2000:13:55:36 -0700]` from `at` on; NaN for anything else. */
export function logStampMs(line: Buffer, at: number, to: number): number {
  if (at + 27 > to || line[at + 26] !== 93) return Number.NaN;
  const sign = line[at + 21];
  if (sign !== 43 && sign !== 45) return Number.NaN;
  const offsetMs = (pair(line, at + 22) * 60 + pair(line, at + 24)) * 60_000;
  return logClockMs(line, at, to) - (sign === 45 ? -offsetMs : offsetMs);
}

/** Two digits, or NaN. */
export function pair(line: Buffer, at: number): number {
  const tens = (line[at] ?? 0) - 48;
  const ones = (line[at + 1] ?? 0) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** 1 to 12, or 0. */
function monthOf(line: Buffer, at: number): number {
  for (let month = 0; month < 12; month++) {
    if (
      line[at] === MONTH_LETTERS.charCodeAt(3 * month) &&
      line[at + 1] === MONTH_LETTERS.charCodeAt(3 * month + 1) &&
      line[at + 2] === MONTH_LETTERS.charCodeAt(3 * month + 2)
    )
      return month + 1;
  }
  return 0;
}

export interface Tokens {
  count: number;
  readonly from: Int32Array;
  readonly to: Int32Array;
}

export function createTokens(max: number): Tokens {
  return { count: 0, from: new Int32Array(max), to: new Int32Array(max) };
}

/** Parts between blanks; one in quotes is without them and may hold blanks. Stops when `tokens` is full. */
export function splitTokens(tokens: Tokens, line: Buffer, from: number, to: number): void {
  tokens.count = 0;
  for (let at = from; at < to && tokens.count < tokens.from.length; ) {
    if (line[at] === 32) {
      at++;
      continue;
    }
    const isQuoted = line[at] === 34;
    const start = isQuoted ? at + 1 : at;
    const found = isQuoted ? closingQuote(line, start, to) : findByte(line, 32, start, to);
    const end = found < 0 ? to : found;
    tokens.from[tokens.count] = start;
    tokens.to[tokens.count++] = end;
    at = end + 1;
  }
}
