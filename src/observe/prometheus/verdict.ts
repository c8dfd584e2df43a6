import type { Exchanged } from "./exchange.ts";

/** A good answer of the API. */
export interface Answer {
  readonly kind: "answer";
  readonly data: unknown;
  /** What the server says aside, a line each. */
  readonly warnings: readonly string[];
  /** Some of the stores behind the server did not answer: sums are too low. */
  readonly isPartial: boolean;
  readonly serverMs: number | undefined;
}

/** What an exchange means. `what` is half a line: it follows the server's name. */
export type Verdict =
  | Answer
  /** The same again would end the same way. */
  | { readonly kind: "refused"; readonly what: string }
  /** Less in one request may work. */
  | { readonly kind: "too-large"; readonly what: string }
  /** It may work in a moment. */
  | { readonly kind: "not-now"; readonly what: string; readonly afterMs: number | undefined };

/** Words of servers for "too much in one request", of Prometheus, Thanos, Mimir, VictoriaMetrics. */
const LIMITS = new RegExp(
  [
    "maximum resolution",
    "too many (?:samples|points)",
    "too much data",
    "exceed\\w* (?:the )?(?:\\w+ )?limit",
    "time range exceeds",
    "max[_-](?:query|samples|fetched)",
    "maximum (?:bytes|response|chunks|series)",
    "-search\\.max",
  ].join("|"),
  "i",
);

/** What to make of one exchange with the API. `wallMs` is this machine's clock, for a date in Retry-After. */
export function verdictOn(exchanged: Exchanged, wallMs: number): Verdict {
  switch (exchanged.kind) {
    case "too-big":
      return { kind: "too-large", what: "gives an answer over the size limit (aggregate in the query)" };
    case "timed-out":
      return { kind: "too-large", what: "gives no answer in time (a simpler query, or a longer timeout)" };
    case "broken":
      return brokenVerdict(exchanged.code);
    case "answered":
      return exchanged.status >= 200 && exchanged.status < 300
        ? answerIn(exchanged)
        : statusVerdict(exchanged, retryMs(exchanged, wallMs));
  }
}

type Answered = Extract<Exchanged, { kind: "answered" }>;
type Group = Readonly<Record<string, unknown>>;

function answerIn({ body, isHtml, serverMs }: Answered): Verdict {
  const parsed = groupIn(body);
  if (parsed === undefined) {
    return isHtml || body.trimStart().startsWith("<")
      ? { kind: "refused", what: "gives a web page, no data (is this the API, or a sign-in page before it?)" }
      : { kind: "not-now", what: "gives an answer that is cut off or no JSON", afterMs: undefined };
  }
  if (parsed["status"] === "error") return spokenVerdict(parsed, "");
  const { data } = parsed;
  if (parsed["status"] !== "success" || data === undefined)
    return { kind: "refused", what: "gives JSON that is no answer of Prometheus (check the address)" };
  const warnings = [...lines(parsed["warnings"]), ...lines(parsed["infos"])];
  // Prometheus marks what it has to say about a query; everything else is about data that could not be read.
  const isPartial =
    parsed["isPartial"] === true || warnings.some((line) => !/^PromQL (?:info|warning)/.test(line));
  return { kind: "answer", data, warnings, isPartial, serverMs };
}

function statusVerdict(answered: Answered, afterMs: number | undefined): Verdict {
  const { status, location } = answered;
  const parsed = groupIn(answered.body);
  const said = saidIn(answered, parsed);
  if (status >= 300 && status < 400)
    return { kind: "refused", what: `redirects${target(location)} (write the address it redirects to)` };
  if (status === 401 || status === 403)
    return { kind: "refused", what: `refuses: ${status}${said} (check token, user, password and tenant)` };
  if (status === 404 && parsed === undefined)
    return { kind: "refused", what: "has no Prometheus API there: 404 (check address and path prefix)" };
  if (status === 408 || status === 425 || status === 429)
    return { kind: "not-now", what: `${status}${said}`, afterMs };
  if (status === 413 || status === 414) return { kind: "too-large", what: `${status}${said}` };
  if (parsed !== undefined) return spokenVerdict(parsed, `${status}`, afterMs);
  if (status >= 500) return { kind: "not-now", what: `${status}${said}`, afterMs };
  return { kind: "refused", what: `refuses: ${status}${said}` };
}

/** An error in the API's own words. */
function spokenVerdict(parsed: Group, status: string, afterMs?: number): Verdict {
  const { errorType } = parsed;
  const said = oneLine(textIn(parsed["error"]) || "no reason given");
  if (LIMITS.test(said)) return { kind: "too-large", what: said };
  if (errorType === "timeout") return { kind: "too-large", what: `query timed out: ${said}` };
  if (errorType === "bad_data" && !status.startsWith("5"))
    return { kind: "refused", what: `bad query: ${said} (correct the query)` };
  if (status.startsWith("5") || errorType === "internal" || errorType === "canceled")
    return { kind: "not-now", what: `${status} ${said}`.trim(), afterMs };
  return { kind: "refused", what: `query failed: ${said} (correct the query)` };
}

function brokenVerdict(code: string): Verdict {
  const words = BROKEN[code];
  if (words !== undefined) return { kind: "not-now", what: words, afterMs: undefined };
  if (/CERT|SSL|TLS|SELF_SIGNED|ISSUER|ERR_TLS/i.test(code))
    return {
      kind: "refused",
      what: `TLS: ${oneLine(code)} (name its authority in a CA file, check the host name)`,
    };
  return { kind: "not-now", what: `no answer: ${oneLine(code)}`, afterMs: undefined };
}

const BROKEN: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused (is it running, is the address right?)",
  ECONNRESET: "the connection broke off",
  ENOTFOUND: "host not found (check the address)",
  EAI_AGAIN: "host name cannot be resolved now",
  ETIMEDOUT: "no connection in time",
  EHOSTUNREACH: "host cannot be reached",
  ENETUNREACH: "network cannot be reached",
  EPIPE: "the connection broke off",
};

/** Seconds or a date, RFC 9110 §10.2.3. */
function retryMs({ retryAfter, serverMs }: Answered, wallMs: number): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const atMs = Date.parse(retryAfter);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - (serverMs ?? wallMs));
}

function groupIn(body: string): Group | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Group)
      : undefined;
  } catch {
    return undefined;
  }
}

function saidIn({ body, isHtml }: Answered, parsed: Group | undefined): string {
  const said = parsed === undefined ? (isHtml ? "" : body) : textIn(parsed["error"] ?? parsed["message"]);
  return said.trim() === "" ? "" : ` ${oneLine(said)}`;
}

function lines(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map((line) => oneLine(textIn(line))).filter((line) => line !== "") : [];
}

function textIn(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Words of a server on one line, at most 300 characters. */
function oneLine(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length > 300 ? `${line.slice(0, 297)}...` : line;
}

/** Scheme, host and path only: a query part may hold a ticket. */
function target(location: string | undefined): string {
  const url = location === undefined ? null : URL.parse(location);
  return url === null ? "" : ` to ${oneLine(`${url.origin}${url.pathname}`)}`;
}
