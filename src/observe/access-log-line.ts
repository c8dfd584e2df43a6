import { createLineParser } from "./activity/line-parser.ts";
import { createRawRequest, FIELD, fieldText, type ParseLine } from "./activity/raw-request.ts";

/** What is kept of one request. The client's address and name are never looked at. */
export interface LoggedRequest {
  readonly atMs: number;
  /** First segment of the path, `/shuttle`; `/` for the root, `(other)` for what is no path. */
  readonly endpoint: string;
  /** How long it took, where the line says so with its unit. */
  readonly latencyMs?: number;
}

const RAW = createRawRequest();
/** A line of 64 KiB whose characters each take three bytes. */
const LINE = Buffer.alloc(200_000);

/** Reads one line after the other of one log, whatever its format; see the parsers in `activity/`. */
export function createLogLineReader(): (line: string) => LoggedRequest | undefined {
  const parse = createLineParser("auto");
  return (line) => requestOf(parse, line);
}

/** A request from a single line of an access log, or undefined when it is none. */
export function parseLogLine(line: string): LoggedRequest | undefined {
  return requestOf(createLineParser("auto"), line);
}

function requestOf(parse: ParseLine, line: string): LoggedRequest | undefined {
  const length = LINE.write(line, "utf8");
  if (parse(RAW, LINE, 0, length) !== undefined) return undefined;
  const target = fieldText(RAW, FIELD.target);
  const endpoint = target === undefined ? "(other)" : endpointOf(target);
  return {
    atMs: RAW.atMs,
    endpoint,
    ...(Number.isNaN(RAW.responseMs) ? {} : { latencyMs: RAW.responseMs }),
  };
}

/** First segment, without query, at most 60 plain characters: a path is written by whoever sends the request. */
function endpointOf(target: string): string {
  const path = target.startsWith("http") ? target.replace(/^https?:\/\/[^/]*/, "") || "/" : target;
  if (path.charCodeAt(0) !== 47) return "(other)";
  const match = /^\/[\w.~%+@:$,;=!*'()-]{0,59}(?=[/?#]|$)/.exec(path);
  return match === null ? "(other)" : match[0];
}
