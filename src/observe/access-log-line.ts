import { daysFromCivil, parseTimestamp } from "./timestamp.ts";

/** What is kept of one request. The client's address and name are never looked at. */
export interface LoggedRequest {
  readonly atMs: number;
  /** First segment of the path, `/shuttle`; `/` for the root, `(other)` for what is no path. */
  readonly endpoint: string;
  /** How long it took, where the line says so with its unit. */
  readonly latencyMs?: number;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * A request from a line of an access log, or undefined when it is none. Formats (Apache mod_log_config):
 *
 *     host ident user [10/Oct/2000:13:55:36 -0700] "GET /a/b?c HTTP/1.0" 200 2326                    common
 *     the same, then "referer" "user agent"                                                        combined
 *     {"time": "2000-10-10T20:55:36Z", "path": "/a/b", "status": 200}                              JSON line
 *
 * Response times are read where their unit is sure: `rt=0.123` or `request_time=0.123` after the request, seconds as
 * nginx writes them; in JSON `request_time` in seconds, and names that end in the unit (`duration_ms`, `latencyMs`).
 * A bare number at the end of a line may be seconds, microseconds or bytes, and is left alone.
 */
export function parseLogLine(line: string): LoggedRequest | undefined {
  if (line.charCodeAt(0) === 123) return parseJsonLine(line);
  for (let at = line.indexOf(" ["); at >= 0; at = line.indexOf(" [", at + 1)) {
    const atMs = logStampMs(line, at + 2);
    if (!Number.isNaN(atMs)) return parseRequest(line, at + 30, atMs);
  }
  return undefined;
}

/** From `"GET /path HTTP/1.1" 200 ...` on. A quote inside of the request is written `\"`. */
function parseRequest(line: string, from: number, atMs: number): LoggedRequest | undefined {
  if (line.charCodeAt(from) !== 34) return undefined;
  let end = line.indexOf('"', from + 1);
  while (end >= 0 && line.charCodeAt(end - 1) === 92) end = line.indexOf('"', end + 1);
  const status = Number(line.slice(end + 2, end + 5));
  if (end < 0 || !(status >= 100 && status < 1000)) return undefined;
  const pathStart = line.indexOf(" ", from + 1) + 1;
  const seconds = /[ "](?:rt|request_time)="?(\d+(?:\.\d+)?)(?=[", ]|$)/.exec(line.slice(end + 5))?.[1];
  const latency = seconds === undefined ? {} : { latencyMs: 1000 * Number(seconds) };
  if (pathStart === 0 || pathStart > end) return { atMs, endpoint: "(other)", ...latency };
  const pathEnd = line.indexOf(" ", pathStart);
  const target = line.slice(pathStart, pathEnd < 0 ? end : Math.min(pathEnd, end));
  return { atMs, endpoint: endpointOf(target), ...latency };
}

/** `10/Oct/2000:13:55:36 -0700`, 26 characters and `]` from `at` on; NaN for anything else. */
function logStampMs(line: string, at: number): number {
  if (line.charCodeAt(at + 26) !== 93 || line.charCodeAt(at + 2) !== 47) return Number.NaN;
  const day = twoDigits(line, at);
  const month = MONTHS.indexOf(line.slice(at + 3, at + 6)) + 1;
  const year = twoDigits(line, at + 7) * 100 + twoDigits(line, at + 9);
  const hour = twoDigits(line, at + 12);
  const minute = twoDigits(line, at + 15);
  const second = Math.min(59, twoDigits(line, at + 18));
  if (month === 0 || !(day >= 1 && day <= 31 && hour < 24 && minute < 60)) return Number.NaN;
  const sign = line.charCodeAt(at + 21);
  if (sign !== 43 && sign !== 45) return Number.NaN;
  const offsetMinutes = twoDigits(line, at + 22) * 60 + twoDigits(line, at + 24);
  const localMs =
    daysFromCivil(year, month, day) * 86_400_000 + (hour * 60 + minute) * 60_000 + second * 1000;
  return localMs - (sign === 45 ? -offsetMinutes : offsetMinutes) * 60_000;
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function parseJsonLine(line: string): LoggedRequest | undefined {
  try {
    const fields: unknown = JSON.parse(line);
    if (typeof fields !== "object" || fields === null) return undefined;
    const time = pick(fields, ["time", "timestamp", "@timestamp", "ts"]);
    const path = pick(fields, ["path", "uri", "url", "request_uri"]);
    const atMs = parseTimestamp(String(time), (localMs) => localMs, 0);
    if (Number.isNaN(atMs)) return undefined;
    const latencyMs = jsonLatencyMs(fields);
    const latency = latencyMs === undefined ? {} : { latencyMs };
    return { atMs, endpoint: typeof path === "string" ? endpointOf(path) : "(other)", ...latency };
  } catch {
    return undefined;
  }
}

const LATENCY_FIELDS: readonly (readonly [string, number])[] = [
  ["request_time", 1000],
  ...["duration", "latency", "response_time"].flatMap((name) => {
    const camel = name.replace("_t", "T");
    return [
      [`${name}_ms`, 1],
      [`${camel}Ms`, 1],
      [`${name}_s`, 1000],
      [`${camel}Seconds`, 1000],
    ] as const;
  }),
];

function jsonLatencyMs(fields: object): number | undefined {
  for (const [name, factorMs] of LATENCY_FIELDS) {
    const said = pick(fields, [name]);
    const value = typeof said === "number" || (typeof said === "string" && said !== "") ? Number(said) : NaN;
    if (value >= 0 && value < Infinity) return value * factorMs;
  }
  return undefined;
}

function pick(fields: object, names: readonly string[]): unknown {
  const name = names.find((each) => Object.hasOwn(fields, each));
  return name === undefined ? undefined : fields[name as keyof typeof fields];
}

/** First segment, without query, at most 60 plain characters: a path is written by whoever sends the request. */
function endpointOf(target: string): string {
  const path = target.startsWith("http") ? target.replace(/^https?:\/\/[^/]*/, "") || "/" : target;
  if (path.charCodeAt(0) !== 47) return "(other)";
  const match = /^\/[\w.~%+@:$,;=!*'()-]{0,59}(?=[/?#]|$)/.exec(path);
  return match === null ? "(other)" : match[0];
}
