import { closingQuote, decimal, findByte, logStampMs, statusAt } from "./byte-scan.ts";
import { clearRequest, FIELD, type ParseEnd, type RawRequest, setField } from "./raw-request.ts";

/**
 * Common and combined log format and what nginx and Apache users add to it (Apache mod_log_config, nginx
 * ngx_http_log_module):
 *
 *     host ident user [10/Oct/2000:13:55:36 -0700] "GET /a/b?c HTTP/1.0" 200 2326                    common
 *     the same, then "referer" "user agent"                                                        combined
 *     the same, then rt=0.123 db=0.004 sla=gold id=4f1a host=shop.example cookie="sid=abc"             named
 *
 * `rt` and `request_time` are seconds, as nginx writes them; `db`, `db_time` and `database_time` are seconds,
 * too; with `_ms` at the end they are milliseconds. A bare number at the end may be seconds, microseconds or
 * bytes, and is left alone.
 */
export function parseCombined(raw: RawRequest, line: Buffer, from: number, to: number): ParseEnd {
  return parse(raw, line, from, to, false);
}

/** As combined, and the first bare number with three decimals after it is `$request_time`. */
export function parseNginx(raw: RawRequest, line: Buffer, from: number, to: number): ParseEnd {
  return parse(raw, line, from, to, true);
}

function parse(raw: RawRequest, line: Buffer, from: number, to: number, bareTime: boolean): ParseEnd {
  clearRequest(raw, line);
  const stamp = findStamp(raw, line, from, to);
  if (stamp < 0) return stamp === -2 ? "bad-time" : "unparsable";
  const quote = stamp + 28;
  if (line[quote] !== 34) return "unparsable";
  const end = closingQuote(line, quote + 1, to);
  if (end < 0) return "unparsable";
  raw.status = statusAt(line, end + 2, to);
  if (!(raw.status > 0)) return "bad-status";
  setClient(raw, line, from, stamp - 2);
  setRequestLine(raw, line, quote + 1, end);
  parseTail(raw, line, end + 6, to, bareTime);
  return undefined;
}

/** Where the first readable stamp begins; -2: there is only what looks like one, -1: not even that. */
function findStamp(raw: RawRequest, line: Buffer, from: number, to: number): number {
  let seen = -1;
  for (let at = from + 1; at < to; at++) {
    if (line[at] !== 91 || line[at - 1] !== 32) continue;
    raw.atMs = logStampMs(line, at + 1, to);
    if (!Number.isNaN(raw.atMs)) return at + 1;
    if (line[at + 3] === 47) seen = -2;
  }
  return seen;
}

/** `host ident user`, `to` at the blank before the stamp; a user may hold blanks. */
function setClient(raw: RawRequest, line: Buffer, from: number, to: number): void {
  const host = findByte(line, 32, from, to);
  setField(raw, FIELD.address, from, host < 0 ? to : host);
  const ident = host < 0 ? -1 : findByte(line, 32, host + 1, to);
  if (ident >= 0) setField(raw, FIELD.account, ident + 1, to);
}

/** `GET /path HTTP/1.1`; the version may be missing. */
export function setRequestLine(raw: RawRequest, line: Buffer, from: number, to: number): void {
  const blank = findByte(line, 32, from, to);
  if (blank < 0) return;
  setField(raw, FIELD.method, from, blank);
  const next = findByte(line, 32, blank + 1, to);
  setField(raw, FIELD.target, blank + 1, next < 0 ? to : next);
}

/** From the number of bytes on. */
function parseTail(raw: RawRequest, line: Buffer, from: number, to: number, bareTime: boolean): void {
  let at = findByte(line, 32, from, to);
  if (at < 0) at = to;
  raw.bytes = decimal(line, from, at);
  if (line[from - 1] !== 32) return;
  // A named value may follow the status at once.
  if (at > from && Number.isNaN(raw.bytes) && line[from] !== 45) at = from - 1;
  at = quotedField(raw, FIELD.referrer, line, at + 1, to);
  at = quotedField(raw, FIELD.agent, line, at, to);
  if (at < to) parseNamed(raw, line, at, to, bareTime);
}

/** The begin of what follows a quoted text and a blank; `at` when there is no quoted text. */
function quotedField(raw: RawRequest, field: number, line: Buffer, at: number, to: number): number {
  if (at >= to || line[at] !== 34) return at;
  const end = closingQuote(line, at + 1, to);
  if (end < 0) return to;
  setField(raw, field, at + 1, end);
  return end + 2;
}

/** `name=value` and `name="value"`, apart by blanks or commas. */
function parseNamed(raw: RawRequest, line: Buffer, from: number, to: number, bareTime: boolean): void {
  for (let at = from; at < to; ) {
    const byte = line[at];
    if (byte === 32 || byte === 44) {
      at++;
      continue;
    }
    if (byte === 34) {
      const end = closingQuote(line, at + 1, to);
      at = end < 0 ? to : end + 1;
      continue;
    }
    at = namedValue(raw, line, at, to, bareTime);
  }
}

function namedValue(raw: RawRequest, line: Buffer, from: number, to: number, bareTime: boolean): number {
  let equals = from;
  while (equals < to && line[equals] !== 61 && line[equals] !== 32) equals++;
  if (line[equals] !== 61 || equals >= to) {
    if (bareTime) takeBareTime(raw, from, equals);
    return equals;
  }
  const name = line.toString("latin1", from, Math.min(equals, from + 24));
  const isQuoted = line[equals + 1] === 34;
  const start = isQuoted ? equals + 2 : equals + 1;
  const end = isQuoted ? closingQuote(line, start, to) : valueEnd(line, start, to);
  if (end < 0) return to;
  takeNamed(raw, name, start, end);
  return isQuoted ? end + 1 : end;
}

function valueEnd(line: Buffer, from: number, to: number): number {
  let end = from;
  while (end < to && line[end] !== 32 && line[end] !== 44) end++;
  return end;
}

/** `0.123`: three decimals, as nginx writes seconds. */
function takeBareTime(raw: RawRequest, from: number, to: number): void {
  if (Number.isNaN(raw.responseMs) && raw.line[to - 4] === 46)
    raw.responseMs = 1000 * decimal(raw.line, from, to);
}

const TEXTS: Readonly<Record<string, number>> = {
  sla: FIELD.sla,
  region: FIELD.region,
  consent: FIELD.consent,
  id: FIELD.id,
  request_id: FIELD.id,
  host: FIELD.host,
  cookie: FIELD.cookie,
};

/** Names of durations and how many milliseconds one is. */
const RESPONSE_TIMES: Readonly<Record<string, number>> = {
  rt: 1000,
  request_time: 1000,
  rt_ms: 1,
  request_time_ms: 1,
};
const DATABASE_TIMES: Readonly<Record<string, number>> = {
  db: 1000,
  db_time: 1000,
  database_time: 1000,
  db_ms: 1,
  db_time_ms: 1,
  database_time_ms: 1,
};

function takeNamed(raw: RawRequest, name: string, from: number, to: number): void {
  if (Object.hasOwn(RESPONSE_TIMES, name))
    raw.responseMs = (RESPONSE_TIMES[name] ?? 0) * decimal(raw.line, from, to);
  else if (Object.hasOwn(DATABASE_TIMES, name))
    raw.databaseMs = (DATABASE_TIMES[name] ?? 0) * decimal(raw.line, from, to);
  else if (Object.hasOwn(TEXTS, name)) setField(raw, TEXTS[name] ?? 0, from, to);
}
