import { type DestinationStream, destination, pino, stdTimeFunctions } from "pino";
import type { Log } from "./model/ports.ts";

export type LogLevel = "info" | "warn" | "error" | "silent";
export type LogFields = Readonly<Record<string, unknown>>;

export interface LogOptions {
  readonly level: LogLevel;
  /** `auto`: one line for people on a terminal, JSON elsewhere. */
  readonly format: "auto" | "pretty" | "json";
  /** Where lines go, instead of stderr. */
  readonly write?: (line: string) => void;
}

/** A log that knows secrets by their text, wherever they turn up: message, key, nested value, error. */
export interface RedactingLog extends Log {
  /** Texts of fewer than four characters are ignored: hiding every `a` hides nothing. */
  registerSecret(text: string): void;
}

export interface LoggedLine {
  readonly level: "info" | "warn" | "error";
  readonly stage: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** For tests: what was logged, as it would have been written. */
export interface MemoryLog extends RedactingLog {
  readonly lines: readonly LoggedLine[];
}

/** Writes to stderr, synchronously: the last line before an end is there. A closed stderr ends nothing. */
export function createLog(options: LogOptions): RedactingLog {
  const pretty = options.format === "pretty" || (options.format === "auto" && process.stderr.isTTY === true);
  const out = options.write === undefined ? stderrStream() : { write: options.write };
  const sink = pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pretty ? prettyStream(out) : out,
  );
  return logTo(({ level, stage, message, fields }) => sink[level]({ stage, ...apart(fields) }, message));
}

export function memoryLog(): MemoryLog {
  const lines: LoggedLine[] = [];
  return { ...logTo((line) => lines.push(line)), lines };
}

function logTo(write: (line: LoggedLine) => void): RedactingLog {
  const secrets = secretRegistry();
  const at = (level: LoggedLine["level"]) => (stage: string, message: string, fields?: LogFields) => {
    const text = (value: string): string => printable(cut(secrets.redact(value)));
    const cleanFields = clean(fields ?? {}, { text, left: MAX_VALUES }, 0);
    write({
      level,
      stage: text(stage),
      message: text(message),
      fields: isPlain(cleanFields) ? cleanFields : {},
    });
  };
  return { info: at("info"), warn: at("warn"), error: at("error"), registerSecret: secrets.register };
}

const REDACTED = "[redacted]";
const SHORTEST_SECRET = 4;
const MAX_SECRETS = 1_000;

function secretRegistry(): { register(text: string): void; redact(text: string): string } {
  let known: readonly string[] = [];
  return {
    register: (text) => {
      const forms = [text, ...text.split(/\r?\n/)].flatMap(formsOf);
      const all = new Set([...known, ...forms.filter((form) => form.length >= SHORTEST_SECRET)]);
      if (all.size > MAX_SECRETS) throw new RangeError(`log: more than ${MAX_SECRETS} secrets to redact`);
      // Longest first, or a secret that holds another would be left in part.
      known = [...all].toSorted((a, b) => b.length - a.length);
    },
    redact: (text) => known.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text),
  };
}

/** A secret as it is, in a URL, in JSON and in a basic-auth header. */
function formsOf(secret: string): readonly string[] {
  const base64 = Buffer.from(secret).toString("base64");
  return [
    secret,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    base64.length >= 8 ? base64 : secret,
  ];
}

const MAX_TEXT_CHARS = 8_192;
const MAX_DEPTH = 6;
const MAX_ENTRIES = 100;
/**
 * Values of one line; each level of nesting could otherwise hold a hundred times as many as the one above.
 */
const MAX_VALUES = 1_000;

function cut(text: string): string {
  const rest = text.length - MAX_TEXT_CHARS;
  return rest <= 0 ? text : `${text.slice(0, MAX_TEXT_CHARS)}… (${rest} more characters)`;
}

/**
 * Text that cannot move a terminal's cursor, colour it, turn the reading direction, or begin a line of its
 * own: control, format and separator characters and lone surrogates become `\u{1b}`.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

interface Cleaning {
  readonly text: (value: string) => string;
  /** Values that may still follow. */
  left: number;
}

/** `value` as bounded plain JSON with every text cleaned; what JSON cannot say is said in words. */
function clean(value: unknown, cleaning: Cleaning, depth: number): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value === null || value === undefined || typeof value === "boolean") return value;
  if (typeof value !== "object") return cleaning.text(String(value));
  if (value instanceof Error) return cleaning.text(`${value.name}: ${value.message}`);
  if (value instanceof Date) return cleaning.text(String(value));
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  return depth < MAX_DEPTH ? cleanInside(value, cleaning, depth + 1) : "[deeper]";
}

function cleanInside(value: object, cleaning: Cleaning, depth: number): unknown {
  const keys = Object.keys(value).slice(0, Math.min(MAX_ENTRIES, cleaning.left));
  cleaning.left -= keys.length;
  const entries = keys.map(
    (key) => [cleaning.text(key), clean(readOrSay(value, key), cleaning, depth)] as const,
  );
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

function readOrSay(value: object, key: string): unknown {
  try {
    return Reflect.get(value, key) as unknown;
  } catch {
    return "[unreadable]";
  }
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const OWN_KEYS: ReadonlySet<string> = new Set(["level", "time", "stage", "msg"]);

/** Fields named like the log's own would be a second `level` in the same JSON object. */
function apart(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [OWN_KEYS.has(key) ? `field_${key}` : key, value]),
  );
}

function stderrStream(): DestinationStream {
  const stream = destination({ fd: 2, sync: true });
  stream.on("error", () => undefined);
  return stream;
}

/** `12:00:01 warn  observe  demand is stale ageMs=90000` */
function prettyStream(out: DestinationStream): DestinationStream {
  return {
    write: (line) => {
      const parsed: unknown = JSON.parse(line);
      if (!isPlain(parsed)) return;
      const { level, time, stage, msg, ...fields } = parsed;
      const tail = Object.entries(fields).map(([key, value]) => ` ${key}=${shown(value)}`);
      const head = `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${String(stage).padEnd(8)}`;
      out.write(`${head} ${String(msg)}${tail.join("")}\n`);
    },
  };
}

function shown(value: unknown): string {
  return typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
