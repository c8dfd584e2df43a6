/** Of vitest's JSON report, what the summary reads. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
    }[];
  }[];
}

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  /** A line each: the test and why it was skipped. */
  readonly skipped: readonly string[];
  readonly failures: readonly string[];
}

/**
 * Counts tests. What could not even be counted counts as failed: a file that did not load, a run that ended
 * badly although no test failed (an error outside any test), a report that is missing.
 */
export function summarize(report: VitestReport | undefined, exitCode: number): Summary {
  const files = report?.testResults ?? [];
  const tests = files.flatMap((file) => file.assertionResults);
  const failures = tests.filter(({ status }) => status === "failed").map(({ fullName }) => fullName);
  for (const file of files) {
    const own = file.assertionResults.some(({ status }) => status === "failed");
    if (file.status === "failed" && !own) failures.push(`${file.name}: ${firstLine(file.message)}`);
  }
  if (report === undefined) failures.push("vitest left no report");
  else if (tests.length === 0) failures.push("vitest ran no test");
  else if (exitCode !== 0 && failures.length === 0) failures.push(`vitest ended with ${exitCode}, see above`);
  const skipped = tests
    .filter(({ status }) => status !== "passed" && status !== "failed")
    .map(({ fullName }) => `${fullName}: ${reasonOf(fullName)}`);
  return {
    passed: tests.filter(({ status }) => status === "passed").length,
    failed: failures.length,
    skipped,
    failures,
  };
}

/** `41 passed, 0 failed` or `41 passed, 0 failed, 2 skipped`: the last line of a run. */
export function closingLine(summary: Summary): string {
  const counts = `${summary.passed} passed, ${summary.failed} failed`;
  return summary.skipped.length === 0 ? counts : `${counts}, ${summary.skipped.length} skipped`;
}

/** A skipped test's reason stands in parentheses in its name or in that of a group around it. */
function reasonOf(fullName: string): string {
  const reasons = [...fullName.matchAll(/\(((?:[^()]|\([^()]*\))*)\)/g)].map(([, reason]) => reason);
  return reasons.at(-1) ?? "no reason given, put it in parentheses in the test's name";
}

function firstLine(message: string): string {
  return message.split("\n")[0] || "did not load";
}
