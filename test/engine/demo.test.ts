import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";

const { TIERCAST_TEST_PULUMI: engineFile, PATH: path = "" } = process.env;
if (engineFile === undefined)
  process.stderr.write("demo test skipped: TIERCAST_TEST_PULUMI names no pulumi binary\n");

const ROOT = join(import.meta.dirname, "../..");

describe.skipIf(engineFile === undefined)("the main job", () => {
  const folder = mkdtempSync(join(tmpdir(), "tiercast-demo-"));

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // Longer than the least replay, so that the time that is left is computed.
  test("applies a first update, serves, accounts and leaves no process", { timeout: 180_000 }, async () => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ["src/main.ts", "demo", "--plain", "--for", "45s"],
      {
        cwd: ROOT,
        env: {
          PATH: `${dirname(engineFile ?? "")}:${path}`,
          HOME: folder,
          XDG_STATE_HOME: join(folder, "state"),
          XDG_CACHE_HOME: join(folder, "cache"),
        },
      },
    );
    expect(stderr).not.toContain("this is a bug");
    expect(stdout).toMatch(/cycle 1 applied: scale up 0 -> \d+/);
    expect(stdout).toMatch(/^requests +[\d,]*[1-9]/m);
    expect(stdout).toMatch(/^updates +\d+ applied by Pulumi, each checked by the policy pack$/m);
    expect(processesNaming(folder)).toEqual([]);
  });
});

/** Command lines of processes that were started for `folder`. */
function processesNaming(folder: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return [];
      }
    })
    .filter((line) => line.includes(folder));
}
