import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";

const { TIERCAST_TEST_PULUMI: engineFile, PATH: path = "" } = process.env;
if (engineFile === undefined)
  process.stderr.write("odd folder test skipped: TIERCAST_TEST_PULUMI names no pulumi binary\n");

const ROOT = join(import.meta.dirname, "../..");
const ODD = `of a, "b" & c's ü`;

/** Pulumi reads lists of paths as CSV, sh reads quotes, and URLs escape: a checkout and its state in such a folder. */
describe.skipIf(engineFile === undefined)("a folder with spaces, quotes and commas", () => {
  const folder = mkdtempSync(join(tmpdir(), "tiercast-odd-"));
  const clone = join(folder, ODD);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("plan previews with policies", { timeout: 120_000 }, async () => {
    mkdirSync(clone);
    for (const name of ["src", "stacks", "policies", "package.json"])
      cpSync(join(ROOT, name), join(clone, name), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"));
    writeFileSync(join(clone, "tiercast.yaml"), "service: shop\n");
    const { stdout } = await promisify(execFile)(process.execPath, ["src/main.ts", "plan"], {
      cwd: clone,
      env: {
        PATH: `${dirname(engineFile ?? "")}:${path}`,
        HOME: clone,
        XDG_STATE_HOME: join(clone, "state"),
        XDG_CACHE_HOME: join(clone, "cache"),
      },
    });
    expect(stdout).toMatch(/policies +passed: \d+ checks/);
  });
});
