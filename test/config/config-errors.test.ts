import { describe, expect, test } from "vitest";
import { settingsFromText } from "../../src/config.ts";
import { UserError } from "../../src/model/user-error.ts";
import { PLANTED } from "./planted-errors.ts";

const ENVIRONMENT = { HOME: "/home/ann" };

/** All problems of a text, a line each; fails the test when there is none. */
function problems(text: string, environment: Readonly<Record<string, string>> = {}): readonly string[] {
  try {
    settingsFromText(text, "t.yaml", { ...ENVIRONMENT, ...environment });
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).exitCode).toBe(2);
    return (error as UserError).message.split("\n");
  }
  throw new Error("the configuration was accepted");
}

describe("each planted error is found with its place and its fix", () => {
  test.each(PLANTED)("%s", (_, text, line) => {
    expect(problems(text)).toEqual([`t.yaml:${line}`]);
  });

  test("there are at least 30, each of another kind", () => {
    expect(new Set(PLANTED.map(([name]) => name)).size).toBeGreaterThanOrEqual(30);
  });
});

describe("all errors at once", () => {
  test("schema errors, rules between settings and the environment, in the order of the file", () => {
    const text = [
      "service: Shop",
      "demmand: {}",
      "limits: {maxTotalUnits: -4}",
      "tiers: {burst: {minUnits: 9, maxUnits: 3}}",
      "schedule: {interval: 1m}",
    ].join("\n");
    const found = problems(text, { TIERCAST_RISK__TRUST_FLOR: "1", TIERCAST_WARM__QUANTILE: "2" });
    expect(found.map((line) => line.split(": ").slice(0, 2).join(" "))).toEqual([
      "t.yaml:1:10 service",
      "t.yaml:2:1 demmand",
      "t.yaml:3:25 limits.maxTotalUnits",
      "t.yaml:4:40 tiers.burst.maxUnits",
      "t.yaml:5:22 schedule.interval",
      "environment TIERCAST_WARM__QUANTILE warm.quantile",
      "environment TIERCAST_RISK__TRUST_FLOR names no setting (did you mean TIERCAST_RISK__TRUST_FLOOR?)",
    ]);
  });

  test("a setting that is itself wrong is not judged again by its default", () => {
    const text = "service: x\nlimits: {maxTotalUnits: many}\ntiers: {baseline: {minUnits: 50}}\n";
    expect(problems(text)).toHaveLength(1);
  });

  test("at most 100 are shown", () => {
    const text = `service: x\n${Array.from({ length: 150 }, (_, i) => `zzzzz${i}: 1`).join("\n")}`;
    const found = problems(text);
    expect(found).toHaveLength(101);
    expect(found.at(-1)).toBe("... and 50 more");
  });

  test("a key cannot forge a line of its own", () => {
    expect(problems('service: x\n"a\\nt.yaml:9:9": 1')).toHaveLength(1);
  });
});

describe("hostile texts end quickly", () => {
  test("alias bomb", () => {
    const layers = Array.from(
      { length: 9 },
      (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}*l${i}]`,
    );
    const startedMs = performance.now();
    const found = problems(`l0: &l0 [x]\n${layers.join("\n")}\nservice: *l9\n`);
    expect(performance.now() - startedMs).toBeLessThan(500);
    expect(found.join("\n")).toContain("has more than 10000 values or 20 levels (write aliases out)");
  });

  test("an alias of itself", () => {
    expect(problems("service: &a [*a]")).toHaveLength(1);
  });

  test("deep nesting", () => {
    expect(problems("[".repeat(5000))[0]).toMatch(/^t\.yaml:1:\d+: is nested too deeply to be read/);
  });

  test("no prototype is touched", () => {
    problems("service: x\n__proto__: {polluted: 1}\ntags: {__proto__: {polluted: 1}, prototype: x}");
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});
