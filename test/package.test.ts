import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "..");
const COMPLETE = ["src/main.ts", "src/wire.ts", "src/demo/demo.ts"].every((file) =>
  existsSync(join(ROOT, file)),
);
const SKIP_REASON = "src/ is not complete: no wire.ts yet";
const MINUTE_MS = 60_000;
const PULUMI = process.env["TIERCAST_TEST_PULUMI"];
const NO_ENGINE =
  "needs the Pulumi engine: set TIERCAST_TEST_PULUMI to a pulumi binary (npm run ci-test does)";

/** What a package must hold to work, and what it must not carry. */
const NEEDED = [
  "package.json",
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "bin/tiercast.js",
  "dist/src/main.js",
  "dist/stacks/main.js",
  "dist/stacks/local/provider-main.js",
  "dist/policies/index.js",
  "dist/policies/names.js",
  "dist/policies/package.json",
  "dist/policies/PulumiPolicy.yaml",
  "dist/Pulumi.yaml",
  "engine/cli/go.mod",
  "engine/cli/go.sum",
  "schema/tiercast.schema.json",
];
const FORBIDDEN = /\.ts$|^test\/|^src\/|^node_modules\/|\.log$|^\.|tsconfig|(?:^|\/)tiercast\.yaml$/;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe.skipIf(!COMPLETE)(`the package${COMPLETE ? "" : ` (${SKIP_REASON})`}`, () => {
  let folder = "";
  let packed: readonly string[] = [];
  let unpackedBytes = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tiercast-package-"));
    await run("npm", ["run", "build"], { cwd: ROOT });
    const { stdout } = await run(
      "npm",
      ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
      {
        cwd: ROOT,
        maxBuffer: 1 << 26,
      },
    );
    const [report] = JSON.parse(stdout) as readonly [
      {
        readonly filename: string;
        readonly unpackedSize: number;
        readonly files: readonly { readonly path: string }[];
      },
    ];
    packed = report.files.map(({ path }) => path);
    unpackedBytes = report.unpackedSize;
    writeFileSync(join(folder, "package.json"), '{"name":"elsewhere","private":true}');
    const tarball = join(folder, report.filename);
    await run(
      "npm",
      ["install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", tarball],
      {
        cwd: folder,
      },
    );
    writeTrial(folder);
  }, 8 * MINUTE_MS);

  afterAll(() => {
    if (folder !== "") rmSync(folder, { recursive: true, force: true });
  });

  async function tiercast(...args: readonly string[]): Promise<Ended> {
    return tiercastWith([], ...args);
  }

  async function tiercastWith(folders: readonly string[], ...args: readonly string[]): Promise<Ended> {
    const options = {
      cwd: folder,
      timeout: 2 * MINUTE_MS,
      env: {
        HOME: folder,
        // No engine unless a test names its folder: planning works without one.
        PATH: [...folders, dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
        TIERCAST_STATE_FOLDER: join(folder, "state"),
        TIERCAST_CACHE_FOLDER: join(folder, "cache"),
      },
    };
    try {
      return { code: 0, ...(await run(join(folder, "node_modules/.bin/tiercast"), args, options)) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, stdout, stderr };
    }
  }

  test("holds what it needs and nothing else", () => {
    expect(NEEDED.filter((path) => !packed.includes(path))).toEqual([]);
    expect(packed.filter((path) => FORBIDDEN.test(path))).toEqual([]);
    expect(unpackedBytes).toBeLessThan(4_000_000);
  });

  test("its base program is named as it was built", () => {
    const text = readFileSync(join(folder, "node_modules/tiercast/dist/Pulumi.yaml"), "utf8");
    expect(text).toMatch(/^main: stacks\/main\.js$/m);
  });

  test("says its version and its commands", async () => {
    const version = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))["version"];
    expect(await tiercast("--version")).toMatchObject({ code: 0, stdout: expect.stringContaining(version) });
    const help = await tiercast("--help");
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/^Usage: tiercast/);
  });

  test(
    "runs a cycle",
    async () => {
      const ended = await tiercast("once", "--stop-after", "render", "-o", "json");
      expect(ended.stderr).not.toContain("bug in tiercast");
      expect(ended.code).toBe(0);
      expect(JSON.stringify(JSON.parse(ended.stdout))).toContain('"decision"');
    },
    3 * MINUTE_MS,
  );

  test(
    "plans",
    async () => {
      const ended = await tiercast("plan", "-o", "json");
      expect(ended.stderr).not.toContain("bug in tiercast");
      expect(ended.code).toBe(0);
      expect(JSON.stringify(JSON.parse(ended.stdout))).toContain('"baseline"');
    },
    3 * MINUTE_MS,
  );

  test.skipIf(PULUMI === undefined)(
    `previews with its own provider and policy pack (${PULUMI ?? NO_ENGINE})`,
    async () => {
      const ended = await tiercastWith([dirname(PULUMI ?? "")], "plan", "--require-engine", "-o", "json");
      expect(ended.stderr).not.toContain("bug in tiercast");
      expect(ended).toMatchObject({ code: 0 });
      expect(ended.stdout).toContain('"previewed"');
    },
    3 * MINUTE_MS,
  );
});

/** Three days of demand up to now, with a daily rhythm, and a configuration that reads it. */
function writeTrial(folder: string): void {
  const stepMs = 5 * MINUTE_MS;
  const endMs = Math.floor(Date.now() / stepMs) * stepMs;
  const rows = Array.from({ length: 864 }, (_, i) => {
    const atMs = endMs - (864 - i) * stepMs;
    const rps = 20 + 15 * Math.sin((2 * Math.PI * atMs) / 86_400_000) + (i % 7) / 3;
    return `${new Date(atMs).toISOString()},${rps.toFixed(3)}`;
  });
  mkdirSync(join(folder, "state"), { recursive: true });
  writeFileSync(join(folder, "demand.csv"), `time,value\n${rows.join("\n")}\n`);
  writeFileSync(
    join(folder, "tiercast.yaml"),
    "service: shop\nmode: observe\ndemand:\n  source: csv\n  path: demand.csv\n  step: 5m\nlimits:\n  maxTotalUnits: 40\n",
  );
}
