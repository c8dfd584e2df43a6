import type { ActivityRejection } from "../../model/activity.ts";

/** Text fields of a line, as indexes into `from` and `to`. */
export const FIELD = {
  address: 0,
  account: 1,
  cookie: 2,
  agent: 3,
  method: 4,
  target: 5,
  referrer: 6,
  host: 7,
  sla: 8,
  region: 9,
  consent: 10,
  id: 11,
} as const;
const FIELD_COUNT = 12;

/**
 * One parsed line, reused for the next: text stays where it is in `line`, between `from[FIELD.x]` and
 * `to[FIELD.x]` (-1: the line has none), so that a line costs no text of its own. Unknown numbers are NaN.
 */
export interface RawRequest {
  line: Buffer;
  readonly from: Int32Array;
  readonly to: Int32Array;
  atMs: number;
  /** 0: none was told, or none was sent. */
  status: number;
  bytes: number;
  responseMs: number;
  databaseMs: number;
}

/** Undefined: a request was read. `header`: a line that says how others are read. */
export type ParseEnd = undefined | "header" | ActivityRejection;
export type ParseLine = (raw: RawRequest, line: Buffer, from: number, to: number) => ParseEnd;

export function createRawRequest(): RawRequest {
  const raw: RawRequest = {
    line: Buffer.alloc(0),
    from: new Int32Array(FIELD_COUNT),
    to: new Int32Array(FIELD_COUNT),
    atMs: Number.NaN,
    status: 0,
    bytes: Number.NaN,
    responseMs: Number.NaN,
    databaseMs: Number.NaN,
  };
  clearRequest(raw, raw.line);
  return raw;
}

export function clearRequest(raw: RawRequest, line: Buffer): void {
  raw.line = line;
  raw.from.fill(-1);
  raw.to.fill(-1);
  raw.atMs = Number.NaN;
  raw.status = 0;
  raw.bytes = Number.NaN;
  raw.responseMs = Number.NaN;
  raw.databaseMs = Number.NaN;
}

/** Notes where a field's text is; `-` and nothing are no text. */
export function setField(raw: RawRequest, field: number, from: number, to: number): void {
  if (from >= to || (to - from === 1 && raw.line[from] === 45)) return;
  raw.from[field] = from;
  raw.to[field] = to;
}

export function hasField(raw: RawRequest, field: number): boolean {
  return (raw.from[field] ?? -1) >= 0;
}

/** The field's text, or undefined. */
export function fieldText(raw: RawRequest, field: number): string | undefined {
  const from = raw.from[field] ?? -1;
  return from < 0 ? undefined : raw.line.toString("utf8", from, raw.to[field]);
}
