import { z } from "zod";
import { type DurationMs, durationMs, formatDuration, parseDuration } from "../model/time.ts";
import { closest } from "./closest.ts";
import { shown } from "./problem.ts";

/** `5m`, `1h30m`: as `parseDuration` reads it, for editors. */
const DURATION_PATTERN = /^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/;

interface Range {
  readonly min?: number;
  readonly max?: number;
}

interface RawIssue {
  readonly input?: unknown;
}

/** A length of time, written with its unit, read into whole milliseconds. */
export function durationField(description: string, range: Range = {}) {
  const { min = 1, max = 3650 * 86_400_000 } = range;
  return z
    .string({ error: notADuration })
    .regex(DURATION_PATTERN, { error: notADuration })
    .transform((text): DurationMs => parseDuration(text) ?? durationMs(Number.NaN))
    .refine((ms) => Number.isInteger(ms), { error: "must be whole milliseconds (write 1ms, not 0.5ms)" })
    .refine((ms) => !(ms < min), { error: `must be at least ${formatDuration(min)}` })
    .refine((ms) => !(ms > max), { error: `must be at most ${formatDuration(max)}` })
    .describe(description);
}

/** A whole number. */
export function countField(description: string, range: Range = {}) {
  const { min = 0, max = 100_000 } = range;
  const error = rangeError("a whole number", min, max);
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error }).describe(description);
}

/** A number between two bounds, both allowed. */
export function numberField(description: string, range: Required<Range>) {
  const error = rangeError("a number", range.min, range.max);
  return z.number({ error }).min(range.min, { error }).max(range.max, { error }).describe(description);
}

/** A number strictly between 0 and 1: a quantile, a percentile. */
export function quantileField(description: string) {
  const error = ({ input }: RawIssue): string => {
    const percent = typeof input === "number" && input > 1 && input < 100;
    const fix = percent ? `write ${input / 100}` : "0.95 is the 95th percentile";
    return absent(input) ?? `must be a number above 0 and below 1, not ${shown(input)} (${fix})`;
  };
  return z.number({ error }).gt(0, { error }).lt(1, { error }).describe(description);
}

/** Money per hour or per unit-hour. */
export function priceField(description: string) {
  return numberField(description, { min: 0, max: 1_000_000 });
}

/** One of a few words. */
export function choiceField<const T extends readonly [string, ...string[]]>(description: string, words: T) {
  const error = ({ input }: RawIssue): string => {
    const near = typeof input === "string" ? closest(input, words) : undefined;
    const fix = near === undefined ? `write ${words[0]}` : `did you mean ${near}?`;
    return absent(input) ?? `must be one of ${words.join(", ")}, not ${shown(input)} (${fix})`;
  };
  return z.enum(words, { error }).describe(description);
}

/** Free text on one line. */
export function textField(
  description: string,
  pattern = /^[ -~\u00a0-\uffff]{1,1024}$/,
  expected = "text on one line",
) {
  const error = ({ input }: RawIssue): string =>
    absent(input) ?? `must be ${expected}, not ${shown(input)}${quoteHint(input)}`;
  return z.string({ error }).regex(pattern, { error }).describe(description);
}

/** A group of settings in which unknown keys are errors. */
export function groupField<const T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? undefined
        : (absent(issue.input) ?? `must be a group of settings, not ${shown(issue.input)}`),
  });
}

/** A list of at least one. */
export function listField<T extends z.core.$ZodType>(description: string, item: T, max: number) {
  const error = ({ input }: RawIssue): string => {
    if (!Array.isArray(input)) return absent(input) ?? `must be a list, not ${shown(input)} (write [..])`;
    return input.length === 0 ? "must have at least one entry" : `must have at most ${max} entries`;
  };
  return z.array(item, { error }).min(1, { error }).max(max, { error }).describe(description);
}

/** Said when a value is not there at all; undefined when it is. */
export function absent(input: unknown): string | undefined {
  if (input === undefined) return "is missing (add it)";
  if (input === null) return "has no value (write one, or delete the line to take the default)";
  return undefined;
}

function notADuration({ input }: RawIssue): string {
  if (typeof input === "number") return `must have a unit (write ${input}m or ${input}s, not ${input})`;
  const spaced = typeof input === "string" ? input.replaceAll(/\s/g, "").toLowerCase() : "";
  const fix = DURATION_PATTERN.test(spaced) ? `write ${spaced}` : "units are ms, s, m, h, d, w";
  return absent(input) ?? `must be a duration like 5m or 1h30m, not ${shown(input)} (${fix})`;
}

function rangeError(kind: string, min: number, max: number): (issue: RawIssue) => string {
  return ({ input }) => {
    const fix = typeof input === "string" ? numberHint(input) : "";
    return absent(input) ?? `must be ${kind} from ${min} to ${max}, not ${shown(input)}${fix}`;
  };
}

/** `"40 units"` was meant to be 40, and `"90%"` to be 0.9. */
function numberHint(input: string): string {
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*(%?)/.exec(input);
  if (match === null) return " (write digits)";
  const number = Number(match[1]) / (match[2] === "%" ? 100 : 1);
  return ` (write ${number})`;
}

function quoteHint(input: unknown): string {
  return typeof input === "number" || typeof input === "boolean" ? ` (write "${input}")` : "";
}
