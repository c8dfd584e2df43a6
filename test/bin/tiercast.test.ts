import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** Makes the node that runs the launcher say it is an old one. */
const AGED = [
  "--import",
  "data:text/javascript,Object.defineProperty(process,'version',{value:'v20.20.2'})",
] as const;

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tiercast-launcher-"));
  mkdirSync(join(folder, "bin"));
  copyFileSync(join(import.meta.dirname, "../../bin/tiercast.js"), join(folder, "bin/tiercast.js"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the launcher; `onOutput` may send signals once the program has said something. */
function launch(
  nodeOptions: readonly string[],
  args: readonly string[],
  path: string,
  onOutput?: (kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...nodeOptions, join(folder, "bin/tiercast.js"), ...args], {
      env: { PATH: path },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data) => {
      if (stdout === "") onOutput?.((signal) => child.kill(signal));
      stdout += String(data);
    });
    child.stderr.on("data", (data) => {
      stderr += String(data);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

function program(path: string, text: string): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** A program `node`, `node24` ... that is this very Node. */
function nodeNamed(path: string): string {
  program(path, `#!/bin/sh\nLAUNCHED_BY="${path}" exec "${process.execPath}" "$@"\n`);
  chmodSync(join(folder, path), 0o755);
  return join(folder, path, "..");
}

const SHOW = 'console.log(JSON.stringify([process.env.LAUNCHED_BY ?? "itself", process.argv.slice(2)]));';

describe("which program", () => {
  test("a clone runs its sources", async () => {
    program("src/main.ts", `const words: string[] = ["clone"]; console.log(words[0]);`);
    program("dist/src/main.js", 'console.log("built");');
    expect((await launch([], [], "")).stdout).toBe("clone\n");
  });

  test("a package runs what was built", async () => {
    program("dist/src/main.js", 'console.log("built");');
    expect((await launch([], [], "")).stdout).toBe("built\n");
  });
});

describe("which Node", () => {
  beforeEach(() => program("dist/src/main.js", SHOW));

  test("its own, when that is new enough", async () => {
    expect((await launch([], ["plan", "-o", "json"], nodeNamed("path/node24"))).stdout).toBe(
      '["itself",["plan","-o","json"]]\n',
    );
  });

  test("the package's, when its own is too old, with arguments as they came", async () => {
    const shipped = `node_modules/node-${process.platform}-${process.arch}/bin/node`;
    nodeNamed(shipped);
    const args = ["--for", "3 m", "", "*"];
    expect((await launch(AGED, args, nodeNamed("path/node24"))).stdout).toBe(
      `${JSON.stringify([shipped, args])}\n`,
    );
  });

  test("one on PATH, node24 before node", async () => {
    nodeNamed("path/node");
    expect((await launch(AGED, [], nodeNamed("path/node24"))).stdout).toBe('["path/node24",[]]\n');
  });

  test("one that is too old is passed over", async () => {
    program("old/node24", "#!/bin/sh\necho v22.1.0\n");
    chmodSync(join(folder, "old/node24"), 0o755);
    const path = `${join(folder, "old")}:${nodeNamed("path/node")}`;
    expect((await launch(AGED, [], path)).stdout).toBe('["path/node",[]]\n');
  });

  test("none: one clear line, exit 1", async () => {
    const ended = await launch(AGED, [], join(folder, "nothing-here"));
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(
      /^tiercast: needs Node 24 or newer, this is v20\.20\.2 .*: install Node 24.*\n$/,
    );
  });
});

describe("endings", () => {
  const path = (): string => nodeNamed("path/node");

  test("exit codes pass through", async () => {
    program("dist/src/main.js", "process.exit(5);");
    expect((await launch(AGED, [], path())).code).toBe(5);
    expect((await launch([], [], "")).code).toBe(5);
  });

  test.each(["SIGTERM", "SIGHUP"] as const)(
    "%s reaches the program, which ends as it likes",
    async (signal) => {
      program(
        "dist/src/main.js",
        `process.on("${signal}", () => process.exit(8)); setInterval(() => {}, 1e3); console.log("up");`,
      );
      expect((await launch(AGED, [], path(), (kill) => kill(signal))).code).toBe(8);
    },
  );

  test("a program killed by a signal ends the launcher by it", async () => {
    program("dist/src/main.js", 'setInterval(() => {}, 1e3); console.log("up");');
    expect(await launch(AGED, [], path(), (kill) => kill("SIGTERM"))).toMatchObject({
      code: null,
      signal: "SIGTERM",
    });
  });
});
