import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { ActivityIntake, IntakeAnswer, PushKind, UsagePoint } from "../../model/activity.ts";
import type { ActivityDemand } from "./activity-demand.ts";
import type { Ingest } from "./ingest.ts";
import { createLineParser } from "./line-parser.ts";
import { createLineSplitter } from "./line-splitter.ts";
import { logRequests, metricPoints } from "./otlp-json.ts";
import { type FieldMap, takeObject } from "./parse-json.ts";
import { MAX_LINE_BYTES } from "./read-activity.ts";

export interface IntakeRequest {
  readonly ingest: Ingest;
  readonly fields: FieldMap;
  /** Bytes of bodies that are being worked on; beyond this a push is turned away. */
  readonly maxWaitingBytes: number;
  /** Awaited before a body is read: while it waits, bodies pile up to the bound. */
  readonly whenReady?: () => Promise<void>;
  /** What was turned away is a gap in it. */
  readonly demand: ActivityDemand | undefined;
  nowMs(): number;
  onUsage?(points: readonly UsagePoint[]): void;
}

const RETRY_AFTER_MS = 1000;
/** After decompression; a body of 64 KiB can hold a gigabyte of blanks. */
const MAX_UNPACKED_BYTES = 20 * 2 ** 20;
const unzip = promisify(gunzip);

/**
 * Takes what is pushed. A body is taken whole or turned away whole; the time of one that is turned away is a
 * gap in demand, from a step before it came to when it came, as what it held was never looked at. Senders try
 * again, so what comes twice (by its id, else by the whole line) counts once.
 */
export function createIntake(request: IntakeRequest): ActivityIntake & { shed(): number } {
  let waitingBytes = 0;
  let shed = 0;
  const turnAway = (): IntakeAnswer => {
    const nowMs = request.nowMs();
    shed++;
    request.demand?.lose(nowMs, nowMs);
    return { kind: "busy", retryAfterMs: RETRY_AFTER_MS };
  };
  return {
    shed: () => shed,
    offer: async (kind, body) => {
      if (waitingBytes + body.length > request.maxWaitingBytes) return turnAway();
      waitingBytes += body.length;
      try {
        await request.whenReady?.();
        const plain = await unpacked(body);
        return plain === undefined
          ? { kind: "bad", what: "gzip is damaged or too large" }
          : take(request, kind, plain);
      } finally {
        waitingBytes -= body.length;
      }
    },
  };
}

async function unpacked(body: Uint8Array): Promise<Buffer | undefined> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await unzip(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch {
    return undefined;
  }
}

function take(request: IntakeRequest, kind: PushKind, body: Buffer): IntakeAnswer {
  const { ingest } = request;
  const before = rejectedOf(ingest);
  const taken = takeBody(request, kind, body);
  if (typeof taken === "string") return { kind: "bad", what: taken };
  const rejected = rejectedOf(ingest) - before;
  return { kind: "taken", events: Math.max(0, taken - rejected), rejected };
}

/** Number of things in the body, or what is wrong with it. */
function takeBody(request: IntakeRequest, kind: PushKind, body: Buffer): number | string {
  switch (kind) {
    case "lines":
      return takeLines(request, body);
    case "otlp-logs-json":
      return takeLogs(request, body);
    case "otlp-metrics-json": {
      const points = metricPoints(body.toString("utf8"));
      if (points === undefined) return "is no OTLP metrics in JSON";
      request.onUsage?.(points);
      return points.length;
    }
    case "otlp-logs":
    case "otlp-metrics":
      return "protobuf is not read: send OTLP as JSON (OTEL_EXPORTER_OTLP_PROTOCOL=http/json)";
  }
}

function takeLines({ ingest, fields }: IntakeRequest, body: Buffer): number {
  const parse = createLineParser("json", fields);
  let count = 0;
  const splitter = createLineSplitter({
    maxLineBytes: MAX_LINE_BYTES,
    onLine: (bytes, from, to) => {
      if (from < to) count++;
      ingest.takeLine(parse, bytes, from, to, true);
    },
    onBad: (why) => {
      count++;
      ingest.reject(why);
    },
  });
  splitter.take(body);
  splitter.end();
  return count;
}

/** A record's body is an access-log line, or its attributes tell the request. */
function takeLogs({ ingest, fields }: IntakeRequest, body: Buffer): number | string {
  const records = logRequests(body.toString("utf8"));
  if (records === undefined) return "is no OTLP logs in JSON";
  const parse = createLineParser("auto", fields);
  for (const record of records) {
    if (record.line !== undefined) {
      const line = Buffer.from(record.line);
      if (line.length > MAX_LINE_BYTES) ingest.reject("too-long");
      else ingest.takeLine(parse, line, 0, line.length, true);
      continue;
    }
    const end = takeObject(ingest.raw, record.fields, fields);
    if (end === undefined) ingest.takeRequest(ingest.raw);
    else if (end !== "header") ingest.reject(end);
  }
  return records.length;
}

function rejectedOf(ingest: Ingest): number {
  const { rejected } = ingest.counts();
  return Object.values(rejected).reduce((sum: number, count: number) => sum + count, 0);
}
