import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeColoured, escapeLines, escapeText } from "../../src/cli/escape-text.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

describe("text from outside", () => {
  test.each([
    ["plain ünïcode 漢字", "plain ünïcode 漢字"],
    ["\u001b[2J", "\\x1b[2J"],
    ["a\r\nb\tc", "a\\r\\nb\\tc"],
    ["\u009b31m", "\\x9b31m"],
    ["\u202eevil", "\\u{202e}evil"],
    ["\ud800 alone", "\\u{d800} alone"],
  ])("%j", (text, shown) => {
    expect(escapeText(text)).toBe(shown);
  });

  test("nothing unsafe is left of any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(escapeText(text)).not.toMatch(UNSAFE);
        expect(escapeLines(text).replaceAll("\n", "")).not.toMatch(UNSAFE);
        expect(escapeColoured(text, false).replaceAll("\n", "")).not.toMatch(UNSAFE);
      }),
    );
  });

  test("engine output keeps its colours and lines, and nothing else", () => {
    const text = "\u001b[32m+ tier\u001b[0m\n\u001b]0;owned\u0007\u001b[2J";
    expect(escapeColoured(text, true)).toBe("\u001b[32m+ tier\u001b[0m\n\\x1b]0;owned\\x07\\x1b[2J");
    expect(escapeColoured(text, false)).toBe("+ tier\n\\x1b]0;owned\\x07\\x1b[2J");
  });
});
