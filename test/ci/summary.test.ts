import { expect, test } from "vitest";
import { closingLine, summarize, type VitestReport } from "./summary.ts";

function report(
  ...files: readonly (readonly [string, readonly (readonly [string, string])[]])[]
): VitestReport {
  return {
    testResults: files.map(([status, tests]) => ({
      name: "a.test.ts",
      status,
      message: status === "failed" ? "Cannot find module './gone.ts'\nRequire stack" : "",
      assertionResults: tests.map(([fullName, result]) => ({ fullName, status: result })),
    })),
  };
}

test("all passed", () => {
  const summary = summarize(
    report([
      "passed",
      [
        ["a", "passed"],
        ["b", "passed"],
      ],
    ]),
    0,
  );
  expect(closingLine(summary)).toBe("2 passed, 0 failed");
});

test("skipped tests are counted and say why", () => {
  const summary = summarize(
    report([
      "passed",
      [
        ["a", "passed"],
        ["engine (needs (a real) Pulumi) previews", "skipped"],
        ["b", "todo"],
      ],
    ]),
    0,
  );
  expect(closingLine(summary)).toBe("1 passed, 0 failed, 2 skipped");
  expect(summary.skipped).toEqual([
    "engine (needs (a real) Pulumi) previews: needs (a real) Pulumi",
    "b: no reason given, put it in parentheses in the test's name",
  ]);
});

test.each([
  [
    "a failed test",
    report([
      "failed",
      [
        ["a", "passed"],
        ["b", "failed"],
      ],
    ]),
    1,
    "1 passed, 1 failed",
    "b",
  ],
  [
    "a file that did not load",
    report(["failed", []], ["passed", [["a", "passed"]]]),
    1,
    "1 passed, 1 failed",
    "a.test.ts: Cannot find module './gone.ts'",
  ],
  [
    "an error outside any test",
    report(["passed", [["a", "passed"]]]),
    1,
    "1 passed, 1 failed",
    "vitest ended with 1, see above",
  ],
  ["no report", undefined, 0, "0 passed, 1 failed", "vitest left no report"],
  ["no tests", report(), 0, "0 passed, 1 failed", "vitest ran no test"],
])("%s fails", (_name, given, exitCode, line, failure) => {
  const summary = summarize(given, exitCode);
  expect(closingLine(summary)).toBe(line);
  expect(summary.failures).toEqual([failure]);
});
