import type { ActivityFormat } from "../../model/activity.ts";
import { parseCombined, parseNginx } from "./parse-combined.ts";
import { parseHaproxy } from "./parse-haproxy.ts";
import { createJsonParser, type FieldMap } from "./parse-json.ts";
import { createCloudfrontParser, parseAlb, parseEnvoy } from "./parse-proxies.ts";
import type { ParseEnd, ParseLine, RawRequest } from "./raw-request.ts";

/** Lines in a row that the guessed format does not read before the others are tried again. */
const GIVE_UP_AFTER = 100;

/** A parser of its own for one source: CloudFront's columns and the guessed format are kept in it. */
export function createLineParser(format: ActivityFormat, fields: FieldMap = {}): ParseLine {
  return format === "auto" ? guessing(fields) : parserOf(format, fields);
}

function parserOf(format: Exclude<ActivityFormat, "auto">, fields: FieldMap): ParseLine {
  switch (format) {
    case "common":
    case "combined":
      return parseCombined;
    case "nginx":
      return parseNginx;
    case "haproxy":
      return parseHaproxy;
    case "envoy":
      return parseEnvoy;
    case "alb":
      return parseAlb;
    case "cloudfront":
      return createCloudfrontParser();
    case "json":
      return createJsonParser(fields);
  }
}

const GUESSES = ["combined", "json", "cloudfront", "envoy", "alb", "haproxy"] as const;

/**
 * The format of the first line that any parser reads; given up when it reads none of a hundred lines in a
 * row.
 */
function guessing(fields: FieldMap): ParseLine {
  const parsers = GUESSES.map((format) => parserOf(format, fields));
  let known: ParseLine | undefined;
  let missed = 0;
  return (raw, line, from, to) => {
    if (known !== undefined && missed < GIVE_UP_AFTER) {
      const end = known(raw, line, from, to);
      missed = end === undefined ? 0 : missed + 1;
      return end;
    }
    const { end, parser } = firstThatReads(parsers, raw, line, from, to);
    if (parser !== undefined) {
      known = parser;
      missed = 0;
    }
    return end;
  };
}

function firstThatReads(
  parsers: readonly ParseLine[],
  raw: RawRequest,
  line: Buffer,
  from: number,
  to: number,
): { readonly end: ParseEnd; readonly parser: ParseLine | undefined } {
  let worst: ParseEnd = "unparsable";
  for (const parser of parsers) {
    const end = parser(raw, line, from, to);
    if (end === undefined || end === "header") return { end, parser };
    if (end !== "unparsable") worst = end;
  }
  return { end: worst, parser: undefined };
}
