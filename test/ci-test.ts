import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { runVitest, streamNode as stream } from "./ci/run-vitest.ts";
import { closingLine, type Summary } from "./ci/summary.ts";

/**
 * `npm run ci-test`: types, lint, the Pulumi engine that the engine tests need, and all tests. Everything streams;
 * each skipped test is named with its reason; the last line is `N passed, N failed`. Types, lint and engine count
 * as one test each. Ends with 1 when anything failed. Arguments go to vitest: `npm run ci-test -- test/policies`.
 */
const ROOT = join(import.meta.dirname, "..");
const MAIN = join(ROOT, "src/main.ts");
const resolve = createRequire(import.meta.url).resolve;

process.exitCode = await ciTest();

async function ciTest(): Promise<number> {
  const failures: string[] = [];
  const checks: readonly (readonly [string, readonly string[]])[] = [
    ["types", [resolve("typescript/lib/tsc.js"), "--noEmit"]],
    ["lint", [resolve("@biomejs/biome/bin/biome"), "check", "--error-on-warnings", "."]],
  ];
  for (const [name, args] of checks) {
    heading(name);
    if ((await stream(args)) !== 0) failures.push(name);
  }
  heading("engine");
  const engine = await engineFile();
  if (engine === undefined) failures.push("engine: none could be installed, its tests are skipped");
  heading("tests");
  const environment = engine === undefined ? {} : { TIERCAST_TEST_PULUMI: engine };
  const tests = await runVitest(process.argv.slice(2), environment);
  return report(tests, failures, checks.length + 1);
}

/** The pulumi binary for engine tests: the one TIERCAST_TEST_PULUMI names, else what tiercast installs. */
async function engineFile(): Promise<string | undefined> {
  const given = process.env["TIERCAST_TEST_PULUMI"];
  if (given !== undefined && given !== "") return given;
  if ((await stream([MAIN, "engine", "install"])) !== 0) return undefined;
  const { stdout } = spawnSync(process.execPath, [MAIN, "engine", "status", "-o", "json"], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return pulumiPathIn(stdout);
}

function pulumiPathIn(json: string): string | undefined {
  try {
    const { engine } = JSON.parse(json) as { engine?: { pulumiPath?: unknown } };
    return typeof engine?.pulumiPath === "string" ? engine.pulumiPath : undefined;
  } catch {
    return undefined;
  }
}

function report(tests: Summary, failures: readonly string[], checks: number): number {
  heading("summary");
  for (const skipped of tests.skipped) console.log(`skipped: ${skipped}`);
  for (const failure of [...failures, ...tests.failures]) console.log(`failed: ${failure}`);
  const summary: Summary = {
    ...tests,
    passed: tests.passed + checks - failures.length,
    failed: tests.failed + failures.length,
  };
  console.log(closingLine(summary));
  return summary.failed === 0 ? 0 : 1;
}

function heading(text: string): void {
  console.log(`\n== ${text}`);
}
