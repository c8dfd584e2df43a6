import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createLog, type LogOptions, memoryLog, printable } from "../src/log.ts";

test("JSON lines carry level, time, stage, message and fields, and the level cuts off", () => {
  const { lines, log } = captured({ level: "warn", format: "json" });
  log.info("observe", "quiet");
  log.warn("observe", "demand is stale", { ageMs: 90_000, level: "mine", gap: Number.NaN });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    level: "warn",
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    stage: "observe",
    msg: "demand is stale",
    ageMs: 90_000,
    field_level: "mine",
    gap: "NaN",
  });
});

test("for people: one line, whatever the message and the values hold", () => {
  const { lines, log } = captured({ level: "info", format: "pretty" });
  log.error("apply", "engine\nfailed \u001b[31mred\u001b[0m \u202egnp", {
    label: 'a"b\r\nc',
    n: 3,
    word: "ok",
  });
  expect(lines).toHaveLength(1);
  expect(lines[0]?.slice(9)).toBe(
    String.raw`error apply    engine\u{a}failed \u{1b}[31mred\u{1b}[0m \u{202e}gnp label="a\"b\\u{d}\\u{a}c" n=3 word=ok` +
      "\n",
  );
});

test("whatever is logged, a line is one line of printable text", () => {
  const { lines, log } = captured({ level: "info", format: "pretty" });
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.object(), (message, fields) => {
      lines.length = 0;
      log.info("observe", message, fields);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*\n$/u);
    }),
  );
});

test("a secret is redacted wherever and however it turns up", () => {
  const secret = 'p@ss "wörd"/1';
  const log = memoryLog();
  log.registerSecret(secret);
  log.registerSecret("line-one\nline-two");
  log.registerSecret("ab");
  log.error("apply", `failed with ${secret}`, {
    [secret]: 1,
    deep: [{ error: new Error(`no ${secret}`) }],
    url: `redis://u:${encodeURIComponent(secret)}@h`,
    json: JSON.stringify({ secret }),
    header: `Basic ${Buffer.from(secret).toString("base64")}`,
    second: "x line-two y",
    long: `${"x".repeat(8_190)}${secret}`,
    ab: "ab",
  });
  const written = JSON.stringify(log.lines);
  expect(written).not.toMatch(/wörd|w%C3%B6rd|line-two/);
  expect(written).not.toContain(Buffer.from(secret).toString("base64"));
  expect(log.lines[0]?.message).toBe("failed with [redacted]");
  expect(log.lines[0]?.fields).toMatchObject({ second: "x [redacted] y", ab: "ab" });
});

test("fields are bounded: cycles, depth, length, a throwing getter, odd types", () => {
  const cyclic: Record<string, unknown> = { many: Array(5_000).fill(1), text: "y".repeat(100_000) };
  cyclic["self"] = cyclic;
  Object.defineProperty(cyclic, "bad", {
    enumerable: true,
    get: () => {
      throw new Error("no");
    },
  });
  const log = memoryLog();
  log.info("decide", "odd", { cyclic, big: 10n, buffer: new Uint8Array(9), f: () => 1, u: undefined });
  const written = JSON.stringify(log.lines);
  expect(written.length).toBeLessThan(80_000);
  expect(written).toContain("91808 more characters");
  expect(written).toContain("[deeper]");
  expect(log.lines[0]?.fields).toMatchObject({
    big: "10",
    buffer: "[9 bytes]",
    cyclic: { bad: "[unreadable]" },
  });
});

test("a wide and deep structure is cut by the number of its values", () => {
  const wide = (depth: number): unknown => (depth === 0 ? 1 : Array(100).fill(wide(depth - 1)));
  const log = memoryLog();
  log.info("decide", "wide", { wide: wide(5) });
  expect(JSON.stringify(log.lines).length).toBeLessThan(100_000);
});

test("a key named __proto__ stays a key", () => {
  const log = memoryLog();
  log.info("observe", "labels", JSON.parse('{"__proto__": {"polluted": true}}') as Record<string, unknown>);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(Object.keys(log.lines[0]?.fields ?? {})).toEqual(["__proto__"]);
});

test("stderr gets the last line before an end, stdout nothing, and a closed stderr ends nothing", () => {
  const script = (redirect: string) => `
    import { createLog } from ${JSON.stringify(new URL("../src/log.ts", import.meta.url).href)};
    ${redirect}
    const log = createLog({ level: "info", format: "auto" });
    for (let i = 0; i < 100; i++) log.info("observe", "line " + i);
    console.log("alive");
    process.exit(3);`;
  const run = (redirect: string, shell: string) =>
    spawnSync("bash", ["-c", shell, "bash", process.execPath, script(redirect)], { encoding: "utf8" });
  const plain = run("", '"$1" --input-type=module -e "$2"');
  expect([plain.status, plain.stdout]).toEqual([3, "alive\n"]);
  expect(plain.stderr.trim().split("\n")).toHaveLength(100);
  const broken = run("", 'set -o pipefail; { "$1" --input-type=module -e "$2" 2>&1 >&3 | true; } 3>&1');
  expect([broken.status, broken.stdout]).toEqual([3, "alive\n"]);
});

test("printable leaves ordinary text alone", () => {
  expect(printable("Zürich 東京 😀 100 % [ok]")).toBe("Zürich 東京 😀 100 % [ok]");
});

function captured(options: Omit<LogOptions, "write">) {
  const lines: string[] = [];
  return { lines, log: createLog({ ...options, write: (line) => lines.push(line) }) };
}
