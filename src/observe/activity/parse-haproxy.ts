import { createTokens, decimal, findByte, logClockMs, splitTokens, type Tokens } from "./byte-scan.ts";
import { setRequestLine } from "./parse-combined.ts";
import { clearRequest, FIELD, type ParseEnd, type RawRequest, setField } from "./raw-request.ts";

const TOKENS: Tokens = createTokens(5);

/**
 * HAProxy's HTTP log (configuration manual §8.2.3), with or without what syslog puts in front:
 *
 *     ... 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0
 *     {1wt.eu} {} "GET /index.html HTTP/1.1"
 *
 * The last timer is the whole time in milliseconds; -1 is none, a `+` in front says that the log was written
 * early. The stamp has no zone: it is read as UTC. Captured headers are not read.
 */
export function parseHaproxy(raw: RawRequest, line: Buffer, from: number, to: number): ParseEnd {
  clearRequest(raw, line);
  const stamp = findStamp(raw, line, from, to);
  if (stamp < 0) return "unparsable";
  setAddress(raw, line, from, stamp - 2);
  // Frontend, backend/server, timers, status, bytes.
  splitTokens(TOKENS, line, stamp + 25, to);
  if (TOKENS.count < 5) return "unparsable";
  const status = tokenNumber(line, 3);
  // -1 and 0: the client was gone before there was an answer.
  if (Number.isNaN(status) && line[TOKENS.from[3] ?? 0] !== 45) return "bad-status";
  raw.status = status >= 100 && status < 1000 ? status : 0;
  raw.bytes = tokenNumber(line, 4);
  raw.responseMs = lastTimerMs(line, TOKENS.from[2] ?? 0, TOKENS.to[2] ?? 0);
  const quote = findByte(line, 34, TOKENS.to[4] ?? to, to);
  if (quote < 0) return "unparsable";
  const end = line[to - 1] === 34 ? to - 1 : to;
  setRequestLine(raw, line, quote + 1, end);
  return undefined;
}

function tokenNumber(line: Buffer, token: number): number {
  const from = TOKENS.from[token] ?? 0;
  const plus = line[from] === 43 ? 1 : 0;
  return decimal(line, from + plus, TOKENS.to[token] ?? 0);
}

/** `06/Feb/2009:12:14:14.655]` */
function findStamp(raw: RawRequest, line: Buffer, from: number, to: number): number {
  for (let at = from + 1; at < to; at++) {
    if (line[at] !== 91 || line[at - 1] !== 32 || line[at + 25] !== 93 || at + 26 >= to) continue;
    raw.atMs = logClockMs(line, at + 1, to) + decimal(line, at + 22, at + 25);
    if (!Number.isNaN(raw.atMs)) return at + 1;
  }
  return -1;
}

/** The part before the stamp, without its port. */
function setAddress(raw: RawRequest, line: Buffer, from: number, to: number): void {
  let start = to;
  while (start > from && line[start - 1] !== 32) start--;
  setAddressWithPort(raw, start, to);
}

/** `192.0.2.1:4711`, `[2001:db8::1]:4711` or `2001:db8::1:4711`, without the port. */
export function setAddressWithPort(raw: RawRequest, from: number, to: number): void {
  let colon = to - 1;
  while (colon > from && raw.line[colon] !== 58) colon--;
  const end = colon > from ? colon : to;
  const isBracketed = raw.line[from] === 91 && raw.line[end - 1] === 93;
  setField(raw, FIELD.address, isBracketed ? from + 1 : from, isBracketed ? end - 1 : end);
}

function lastTimerMs(line: Buffer, from: number, to: number): number {
  let slash = to - 1;
  while (slash >= from && line[slash] !== 47) slash--;
  const start = slash + 1;
  return decimal(line, line[start] === 43 ? start + 1 : start, to);
}
