import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "tiercast-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The benches that need no engine, in their shortest form: that they run, and what they write. */
it.each([
  { name: "no-change-cycle", options: ["--cycles", "3"], says: /engine runs in 3 cycles\s+\| 0/, samples: 3 },
  { name: "tenants", options: ["--days", "2"], says: /hours below a floor, shares\s+\| 0 /, samples: 12 },
  {
    name: "soak",
    options: ["--cycles", "4", "--warm-up", "1", "--engine-updates", "0"],
    says: /own memory .*MiB/,
    samples: 1,
  },
])("$name runs and reports", { timeout: 60_000 }, async ({ name, options, says, samples }) => {
  const json = join(folder, `${name}.json`);
  const file = join(import.meta.dirname, `../../bench/${name}.ts`);
  const { stdout } = await run(process.execPath, [file, ...options, "--json", json]).catch(
    // A bar that is missed in so short a run is an exit code, not a broken bench.
    (error: { readonly code?: number; readonly stdout: string; readonly stderr: string }) => {
      if (error.code !== 1 || error.stdout === "") throw error;
      return { stdout: error.stdout };
    },
  );
  expect(stdout).toMatch(/^Machine: \d+ x .+, \d+ GiB, .+, Node v\d+/m);
  expect(stdout).toMatch(says);
  const report = JSON.parse(readFileSync(json, "utf8")) as {
    readonly bench: string;
    readonly samples: unknown[];
  };
  expect(report.bench).toBe(name);
  expect(report.samples).toHaveLength(samples);
});
