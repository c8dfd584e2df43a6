import { parseTimestamp } from "../timestamp.ts";
import { createTokens, decimal, findByte, splitTokens, statusAt, type Tokens } from "./byte-scan.ts";
import { setRequestLine } from "./parse-combined.ts";
import { setAddressWithPort } from "./parse-haproxy.ts";
import { clearRequest, FIELD, type ParseEnd, type RawRequest, setField } from "./raw-request.ts";

const TOKENS: Tokens = createTokens(32);

/**
 * Envoy's default access log (envoyproxy.io, access logging, default format string), old and new:
 *
 *     [2016-04-15T20:17:00.310Z] "POST /v1 HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0" "host" "up"
 *     [...] "GET / HTTP/1.1" 200 - via_upstream - "-" 0 5 12 11 "-" "curl/8" "cc21d9b0" "host" "up"
 *
 * Four numbers come before the last five quoted parts: bytes received, bytes sent, duration and upstream time
 * in ms.
 */
export function parseEnvoy(raw: RawRequest, line: Buffer, from: number, to: number): ParseEnd {
  clearRequest(raw, line);
  if (line[from] !== 91) return "unparsable";
  splitTokens(TOKENS, line, from, to);
  const { count } = TOKENS;
  if (count < 12 || line[end(0) - 1] !== 93) return "unparsable";
  raw.atMs = isoMs(line, begin(0) + 1, end(0) - 1);
  if (Number.isNaN(raw.atMs)) return "bad-time";
  const status = decimal(line, begin(2), end(2));
  if (Number.isNaN(status)) return "bad-status";
  raw.status = status >= 100 && status < 1000 ? status : 0;
  const address = addressToken(line, count);
  if (address < 0) return "unparsable";
  raw.bytes = decimal(line, begin(address - 3), end(address - 3));
  raw.responseMs = decimal(line, begin(address - 2), end(address - 2));
  setRequestLine(raw, line, begin(1), end(1));
  setToken(raw, FIELD.address, address);
  setToken(raw, FIELD.agent, address + 1);
  setToken(raw, FIELD.id, address + 2);
  setToken(raw, FIELD.host, address + 3);
  return undefined;
}

/** The first quoted part after the numbers: the one before it is not quoted, and five follow each other. */
function addressToken(line: Buffer, count: number): number {
  for (let token = 8; token + 4 < count; token++) {
    const isQuoted = line[begin(token) - 1] === 34;
    if (isQuoted && !Number.isNaN(decimal(line, begin(token - 2), end(token - 2)))) return token;
  }
  return -1;
}

/**
 * AWS Application Load Balancer (Elastic Load Balancing guide, access log entries):
 *
 *     https 2018-07-02T22:23:00.186641Z app/lb/50dc 192.0.2.1:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57
 *     "GET https://www.example.com:443/ HTTP/1.1" "curl/7.46.0" CIPHER TLSv1.2 arn:... "Root=1-58337281-1d84"
 *
 * The three times are seconds; -1 is none.
 */
export function parseAlb(raw: RawRequest, line: Buffer, from: number, to: number): ParseEnd {
  clearRequest(raw, line);
  splitTokens(TOKENS, line, from, to);
  if (TOKENS.count < 14 || !isAlbType(line, begin(0), end(0))) return "unparsable";
  raw.atMs = isoMs(line, begin(1), end(1));
  if (Number.isNaN(raw.atMs)) return "bad-time";
  raw.status = statusAt(line, begin(8), end(8));
  if (!(raw.status > 0)) return "bad-status";
  const seconds = [5, 6, 7].reduce((sum, token) => sum + decimal(line, begin(token), end(token)), 0);
  raw.responseMs = Math.round(1e6 * seconds) / 1000;
  raw.bytes = decimal(line, begin(11), end(11));
  setAddressWithPort(raw, begin(3), end(3));
  setRequestLine(raw, line, begin(12), end(12));
  setToken(raw, FIELD.agent, 13);
  if (TOKENS.count > 17) setToken(raw, FIELD.id, 17);
  return undefined;
}

function isAlbType(line: Buffer, from: number, to: number): boolean {
  return to - from <= 5 && /^(?:https?|h2|wss?|grpcs)$/.test(line.toString("latin1", from, to));
}

function begin(token: number): number {
  return TOKENS.from[token] ?? 0;
}

function end(token: number): number {
  return TOKENS.to[token] ?? 0;
}

function setToken(raw: RawRequest, field: number, token: number): void {
  setField(raw, field, begin(token), end(token));
}

/** ISO 8601; without a zone it is UTC. */
export function isoMs(line: Buffer, from: number, to: number): number {
  return to - from > 40
    ? Number.NaN
    : parseTimestamp(line.toString("latin1", from, to), (localMs) => localMs, 0);
}

const COLUMN_FIELDS: Readonly<Record<string, number>> = {
  "c-ip": FIELD.address,
  "cs-method": FIELD.method,
  "cs-uri-stem": FIELD.target,
  "cs(Referer)": FIELD.referrer,
  "cs(User-Agent)": FIELD.agent,
  "cs(Cookie)": FIELD.cookie,
  "x-host-header": FIELD.host,
  "x-edge-request-id": FIELD.id,
};
const NUMBER_COLUMNS = ["date", "time", "sc-status", "sc-bytes", "time-taken"] as const;
const FIRST_NUMBER = 100;

/**
 * CloudFront standard logs and others in W3C extended form (parts apart by tabs): `#Fields:` names the
 * columns, and the lines after it are read by it. Times are UTC, `time-taken` is seconds. User agents are
 * percent-encoded.
 */
export function createCloudfrontParser(): (
  raw: RawRequest,
  line: Buffer,
  from: number,
  to: number,
) => ParseEnd {
  let columns: readonly number[] = [];
  const numbers = new Int32Array(2 * NUMBER_COLUMNS.length);
  return (raw, line, from, to) => {
    clearRequest(raw, line);
    if (line[from] === 35) {
      const names = /^#Fields: *(.*)$/.exec(line.toString("latin1", from, Math.min(to, from + 4096)))?.[1];
      if (names !== undefined) columns = names.split(/[ \t]/).map(columnOf);
      return "header";
    }
    if (columns.length === 0 || !splitColumns(raw, columns, numbers, from, to)) return "unparsable";
    return takeNumbers(raw, numbers);
  };
}

function columnOf(name: string): number {
  const number = (NUMBER_COLUMNS as readonly string[]).indexOf(name);
  if (number >= 0) return FIRST_NUMBER + number;
  return Object.hasOwn(COLUMN_FIELDS, name) ? (COLUMN_FIELDS[name] ?? -1) : -1;
}

/** False when the line has fewer columns than were announced. */
function splitColumns(
  raw: RawRequest,
  columns: readonly number[],
  numbers: Int32Array,
  from: number,
  to: number,
): boolean {
  const { line } = raw;
  let start = from;
  for (const [index, column] of columns.entries()) {
    const tab = findByte(line, 9, start, to);
    if (tab < 0 && index < columns.length - 1) return false;
    const stop = tab < 0 ? to : tab;
    if (column >= FIRST_NUMBER) {
      numbers[2 * (column - FIRST_NUMBER)] = start;
      numbers[2 * (column - FIRST_NUMBER) + 1] = stop;
    } else if (column >= 0) setField(raw, column, start, stop);
    start = stop + 1;
  }
  return true;
}

function takeNumbers(raw: RawRequest, numbers: Int32Array): ParseEnd {
  const { line } = raw;
  const [dayFrom = 0, dayTo = 0, timeFrom = 0, timeTo = 0] = numbers;
  const [statusFrom = 0, statusTo = 0, bytesFrom = 0, bytesTo = 0, takenFrom = 0, takenTo = 0] =
    numbers.subarray(4);
  if (dayTo - dayFrom !== 10 || timeTo - timeFrom !== 8) return "bad-time";
  const text = `${line.toString("latin1", dayFrom, dayTo)}T${line.toString("latin1", timeFrom, timeTo)}Z`;
  raw.atMs = parseTimestamp(text, (localMs) => localMs, 0);
  if (Number.isNaN(raw.atMs)) return "bad-time";
  const status = decimal(line, statusFrom, statusTo);
  // 000: the viewer closed the connection before there was an answer.
  if (Number.isNaN(status)) return "bad-status";
  raw.status = status >= 100 && status < 1000 ? status : 0;
  raw.bytes = decimal(line, bytesFrom, bytesTo);
  raw.responseMs = Math.round(1e6 * decimal(line, takenFrom, takenTo)) / 1000;
  return undefined;
}
