/**
 * Text from outside (names, messages, log lines, policy words), safe on a terminal: control characters, the C1
 * set, bidirectional overrides, zero-width marks and line separators are shown as `\x1b` or `\u{202e}`, so that no
 * input can colour, move, hide or forge a line.
 */
export function escapeText(text: string): string {
  return text.replaceAll(UNSAFE, visible);
}

/** As `escapeText`, but lines stay lines. */
export function escapeLines(text: string): string {
  return text
    .split("\n")
    .map((line) => escapeText(line.replaceAll("\t", "  ").replace(/\r$/, "")))
    .join("\n");
}

/** Engine output: lines stay, colours (SGR sequences and nothing else) stay with `colour` and go without. */
export function escapeColoured(text: string, colour: boolean): string {
  return text
    .split(SGR)
    .map((part) => (isSgr(part) ? (colour ? part : "") : escapeLines(part)))
    .join("");
}

/** `escapeText` for every text in plain data, however deep; keys are the program's own and stay. */
export function escapeValues<T>(value: T): T {
  return escaped(value) as T;
}

function escaped(value: unknown): unknown {
  if (typeof value === "string") return escapeText(value);
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escaped(item)]));
}

/** Control, format, lone surrogate, and line and paragraph separator characters. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the start of an escape sequence
const SGR = /(\u001b\[[0-9;]{0,20}m)/;

function isSgr(part: string): boolean {
  return part.startsWith("\u001b[") && part.endsWith("m") && SGR.test(part);
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0x0a) return "\\n";
  if (code === 0x0d) return "\\r";
  if (code === 0x09) return "\\t";
  const digits = code.toString(16);
  return code < 0x100 ? `\\x${digits.padStart(2, "0")}` : `\\u{${digits}}`;
}
