import type { UsagePoint } from "../../model/activity.ts";

/** A log record: an access-log line, or fields by their OpenTelemetry names. */
export interface LogRequest {
  readonly line: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

type Json = Readonly<Record<string, unknown>>;
const MAX_RECORDS = 100_000;
/** Names of what is measured, not of who: anything else is not kept. */
const METRIC_NAME = /^[a-zA-Z][\w./-]{0,127}$/;
const UNIT = /^[\w{}/%.*-]{0,32}$/;
/** AGGREGATION_TEMPORALITY of the protocol. */
const DELTA = [1, "AGGREGATION_TEMPORALITY_DELTA"];

/**
 * Log records of an OTLP/HTTP request in JSON (opentelemetry-proto, logs.proto, JSON mapping). Undefined for
 * anything else. A time that a record does not tell is when it was observed.
 */
export function logRequests(text: string): readonly LogRequest[] | undefined {
  const root = parse(text);
  if (root === undefined || !Array.isArray(root["resourceLogs"])) return undefined;
  const records = objects(root["resourceLogs"])
    .flatMap((resource) => objects(resource["scopeLogs"]))
    .flatMap((scope) => objects(scope["logRecords"]));
  return records.slice(0, MAX_RECORDS).map(requestOf);
}

function requestOf(record: Json): LogRequest {
  const body = anyValue(record["body"]);
  const attributes = attributesOf(record["attributes"]);
  const atMs = nanoMs(record["timeUnixNano"]) ?? nanoMs(record["observedTimeUnixNano"]);
  const isLine =
    typeof body === "string" && Object.keys(attributes).every((name) => !name.startsWith("http."));
  const fields = typeof body === "object" && body !== null ? { ...body, ...attributes } : attributes;
  return { line: isLine ? body : undefined, fields: atMs === undefined ? fields : { time: atMs, ...fields } };
}

/** Points of sums, gauges and histograms; their attributes are left out, as they may name a person. */
export function metricPoints(text: string): readonly UsagePoint[] | undefined {
  const root = parse(text);
  if (root === undefined || !Array.isArray(root["resourceMetrics"])) return undefined;
  const metrics = objects(root["resourceMetrics"])
    .flatMap((resource) => objects(resource["scopeMetrics"]))
    .flatMap((scope) => objects(scope["metrics"]));
  return metrics.slice(0, MAX_RECORDS).flatMap(pointsOf).slice(0, MAX_RECORDS);
}

function pointsOf(metric: Json): readonly UsagePoint[] {
  const { name, unit = "" } = metric as { readonly name?: unknown; readonly unit?: unknown };
  if (typeof name !== "string" || !METRIC_NAME.test(name)) return [];
  const kind = (["sum", "gauge", "histogram"] as const).find((each) => isObject(metric[each]));
  if (kind === undefined) return [];
  const data = metric[kind] as Json;
  const running = DELTA.includes(data["aggregationTemporality"] as never) ? "delta" : "cumulative";
  return objects(data["dataPoints"]).flatMap((point) => {
    const atMs = nanoMs(point["timeUnixNano"]);
    const value = number(point["count"] ?? point["asDouble"] ?? point["asInt"]);
    if (atMs === undefined || value === undefined) return [];
    const temporality = kind === "gauge" ? "now" : running;
    const shownUnit = typeof unit === "string" && UNIT.test(unit) ? unit : "";
    return [{ atMs, name, unit: shownUnit, value, sum: number(point["sum"]), temporality }];
  });
}

function parse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objects(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** `[{"key": "url.path", "value": {"stringValue": "/a"}}]` as `{"url.path": "/a"}`. */
function attributesOf(value: unknown): Readonly<Record<string, unknown>> {
  const pairs = objects(value).flatMap(({ key, value: inner }) =>
    typeof key === "string" ? [[key, anyValue(inner)] as const] : [],
  );
  return Object.fromEntries(pairs);
}

/** Text, a number, a truth value, or a list of pairs as an object; what is deeper is left out. */
function anyValue(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { stringValue, intValue, doubleValue, boolValue, kvlistValue } = value;
  if (isObject(kvlistValue)) {
    const pairs = objects(kvlistValue["values"]).map(
      ({ key, value: inner }) => [String(key), scalar(inner)] as const,
    );
    return Object.fromEntries(pairs);
  }
  return stringValue ?? number(intValue) ?? number(doubleValue) ?? boolValue;
}

function scalar(value: unknown): unknown {
  return isObject(value)
    ? (value["stringValue"] ?? number(value["intValue"]) ?? number(value["doubleValue"]))
    : undefined;
}

/** 64-bit numbers are text in the protocol's JSON. */
function number(value: unknown): number | undefined {
  const read =
    typeof value === "number" || (typeof value === "string" && value !== "") ? Number(value) : Number.NaN;
  return Number.isFinite(read) ? read : undefined;
}

function nanoMs(value: unknown): number | undefined {
  const nanos = number(value);
  return nanos === undefined || nanos <= 0 ? undefined : Math.round(nanos / 1e6);
}
