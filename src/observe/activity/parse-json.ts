import type { ActivityField } from "../../model/activity.ts";
import { parseTimestamp } from "../timestamp.ts";
import { clearRequest, FIELD, type ParseEnd, type ParseLine, type RawRequest } from "./raw-request.ts";

export type FieldMap = Readonly<Partial<Record<ActivityField, string>>>;

/** Usual names; those with dots are OpenTelemetry's, and are looked for as written and level by level. */
const USUAL: Readonly<Record<ActivityField, readonly string[]>> = {
  time: ["time", "timestamp", "@timestamp", "ts", "time_iso8601", "start_time", "msec"],
  address: [
    "client.address",
    "address",
    "remote_addr",
    "client_ip",
    "clientip",
    "ip",
    "remote_ip",
    "http.client_ip",
  ],
  account: ["enduser.id", "user.id", "account", "user", "remote_user", "user_id", "userId"],
  cookie: ["cookie", "http_cookie"],
  agent: ["user_agent.original", "user_agent", "http_user_agent", "userAgent", "agent", "http.user_agent"],
  method: ["http.request.method", "method", "request_method", "http.method"],
  target: ["path", "uri", "url", "request_uri", "url.path", "http.target", "url.full", "http.route"],
  status: ["http.response.status_code", "status", "status_code", "response_code", "http.status_code"],
  bytes: ["http.response.body.size", "bytes", "body_bytes_sent", "bytes_sent", "size"],
  response: [],
  database: [],
  referrer: ["http.request.header.referer", "referer", "referrer", "http_referer"],
  host: ["server.address", "host", "http_host", "authority"],
  sla: ["sla", "tier", "plan"],
  region: ["region", "country"],
  consent: ["consent"],
  id: ["id", "request_id", "requestId", "trace_id"],
};

/** Durations by name, and how many milliseconds one is. */
const RESPONSE_TIMES = times(["duration", "latency", "response_time"], {
  request_time: 1000,
  "http.server.request.duration": 1000,
});
const DATABASE_TIMES = times(["db", "db_time", "database_time", "database"], {
  "db.client.operation.duration": 1000,
});

const TEXTS = Object.entries(FIELD) as readonly (readonly [keyof typeof FIELD, number])[];
/** Texts of the line at hand, for all parsers: one line is done with before the next is read. */
const SCRATCH = Buffer.alloc(256 * 1024);

/**
 * One JSON object a line. `fields` names the field of each meaning, dots between levels; what it leaves out
 * has usual names. `response` and `database` are seconds unless the name says `ms`; without a map, only names
 * whose unit is sure are read. A time is ISO 8601 (UTC without a zone) or epoch seconds or milliseconds.
 */
export function createJsonParser(fields: FieldMap = {}): ParseLine {
  return (raw, line, from, to) => {
    clearRequest(raw, line);
    if (line[from] !== 123) return "unparsable";
    const object = parseObject(line.toString("utf8", from, to));
    return object === undefined ? "bad-json" : takeObject(raw, object, fields);
  };
}

/** The request that a JSON object tells, e.g. an OTLP log record's attributes. */
export function takeObject(raw: RawRequest, object: object, fields: FieldMap): ParseEnd {
  clearRequest(raw, SCRATCH);
  const time = find(object, "time", fields);
  raw.atMs = typeof time === "string" || typeof time === "number" ? instantMs(time) : Number.NaN;
  if (Number.isNaN(raw.atMs)) return "bad-time";
  const status = Number(find(object, "status", fields) ?? 0);
  raw.status = status >= 100 && status < 1000 ? status : 0;
  raw.bytes = amount(find(object, "bytes", fields));
  raw.responseMs = duration(object, fields.response, RESPONSE_TIMES);
  raw.databaseMs = duration(object, fields.database, DATABASE_TIMES);
  takeTexts(raw, object, fields);
  return undefined;
}

function takeTexts(raw: RawRequest, object: object, fields: FieldMap): void {
  let at = 0;
  for (const [name, field] of TEXTS) {
    const value = find(object, name, fields);
    const isText = typeof value === "string" && value !== "" && value !== "-";
    if (!isText && typeof value !== "number" && typeof value !== "boolean") continue;
    const length = SCRATCH.write(String(value), at, "utf8");
    raw.from[field] = at;
    at += length;
    raw.to[field] = at;
  }
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function instantMs(time: string | number): number {
  return parseTimestamp(String(time), (localMs) => localMs, 0);
}

function find(object: object, field: ActivityField, fields: FieldMap): unknown {
  const named = fields[field];
  if (named !== undefined) return lookUp(object, named);
  for (const name of USUAL[field]) {
    const value = lookUp(object, name);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

/** `a.b`: the field of that very name, else field `b` of `a`. */
function lookUp(object: object, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name as keyof typeof object];
  if (!name.includes(".")) return undefined;
  let value: unknown = object;
  for (const part of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = value[part as keyof typeof value];
  }
  return value;
}

function times(
  stems: readonly string[],
  more: Readonly<Record<string, number>>,
): readonly (readonly [string, number])[] {
  const named = stems.flatMap((stem) => {
    const camel = stem.replaceAll(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());
    return [
      [`${stem}_ms`, 1],
      [`${camel}Ms`, 1],
      [`${stem}_s`, 1000],
      [`${camel}Seconds`, 1000],
    ] as const;
  });
  return [...Object.entries(more), ...named];
}

function duration(
  object: object,
  named: string | undefined,
  usual: readonly (readonly [string, number])[],
): number {
  if (named !== undefined) return amount(lookUp(object, named)) * (/_?ms$/i.test(named) ? 1 : 1000);
  for (const [name, factorMs] of usual) {
    const value = amount(lookUp(object, name));
    if (!Number.isNaN(value)) return value * factorMs;
  }
  return Number.NaN;
}

function amount(value: unknown): number {
  const number =
    typeof value === "number" || (typeof value === "string" && value !== "") ? Number(value) : Number.NaN;
  return number >= 0 && number < Number.POSITIVE_INFINITY ? number : Number.NaN;
}
