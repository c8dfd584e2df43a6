import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  ENGINE_VERSION,
  type EngineProgress,
  findEngine,
  type InstallOptions,
  installEngine,
} from "../../src/apply/engine.ts";
import { readProcess } from "../../src/apply/process-group.ts";
import { writeShims } from "../../src/apply/shims.ts";
import { UserError } from "../../src/model/user-error.ts";
import { type Bench, makeBench, writeGo, writeProgram, writePulumi } from "./engine-fakes.ts";

let bench: Bench;
let progress: EngineProgress[] = [];

beforeEach(() => {
  bench = makeBench();
  progress = [];
});
afterEach(() => bench.remove());

function options(more: Partial<InstallOptions> = {}): InstallOptions {
  return {
    cacheFolder: bench.cacheFolder,
    pathVariable: bench.pathVariable,
    environment: {},
    onProgress: (next) => progress.push(next),
    steps: bench.steps,
    ...more,
  };
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  const message = (error as UserError).message;
  expect(message).not.toContain("\n");
  return message;
}

test("the engine is the version of the npm package and of the Go modules", () => {
  const manifest = createRequire(import.meta.url)("@pulumi/pulumi/package.json") as { version: string };
  expect(ENGINE_VERSION).toBe(manifest.version);
  const modules = readFileSync(join(import.meta.dirname, "../../engine/cli/go.mod"), "utf8");
  for (const module of ["pkg", "sdk"])
    expect(modules).toContain(`github.com/pulumi/pulumi/${module}/v3 v${ENGINE_VERSION} `);
});

describe("finding", () => {
  test.each([
    ["3.250.0", true],
    ["3.251.3", true],
    ["3.300.0-alpha.1", true],
    ["3.250.0-rc.1", false],
    ["3.249.9", false],
    ["2.900.0", false],
    ["4.0.0", false],
    ["banana", false],
  ])("pulumi %s on PATH is taken: %s", async (version, fits) => {
    writePulumi(join(bench.bin, "pulumi"), version);
    const engine = await findEngine(options());
    expect(engine?.version).toBe(fits ? version : undefined);
    if (fits) expect(engine?.origin).toBe("path");
  });

  test("the first that fits on PATH wins, before the cache", async () => {
    writePulumi(join(bench.folder, "old", "pulumi"), "3.100.0");
    writeProgram(join(bench.folder, "broken", "pulumi"), "exit 3");
    const good = writePulumi(join(bench.bin, "pulumi"), "3.251.0");
    writePulumi(join(bench.cacheFolder, "engine", ENGINE_VERSION, "bin", "pulumi"), ENGINE_VERSION);
    const pathVariable = `${join(bench.folder, "old")}:${join(bench.folder, "broken")}:${bench.pathVariable}`;
    expect((await findEngine(options({ pathVariable })))?.pulumiPath).toBe(good);
  });

  test("the cache must hold exactly the version", async () => {
    const place = join(bench.cacheFolder, "engine", ENGINE_VERSION, "bin", "pulumi");
    writePulumi(place, "3.251.0");
    expect(await findEngine(options())).toBeUndefined();
    writePulumi(place, ENGINE_VERSION);
    expect((await findEngine(options()))?.pulumiPath).toBe(place);
  });

  test("a shim of ours on PATH is no engine: it would start itself for ever", async () => {
    const real = writePulumi(join(bench.folder, "real", "pulumi"), "3.251.0");
    const shims = await writeShims({
      folder: join(bench.folder, "shims"),
      pulumiPath: real,
      nodePath: process.execPath,
    });
    const pathVariable = `${shims.binFolder}:${bench.pathVariable}`;
    expect(await findEngine(options({ pathVariable }))).toBeUndefined();
    expect(
      (await findEngine(options({ pathVariable: `${pathVariable}:${join(bench.folder, "real")}` })))
        ?.pulumiPath,
    ).toBe(real);
  });

  test("the language host is looked for beside pulumi, then on PATH", async () => {
    writePulumi(join(bench.bin, "pulumi"), "3.251.0");
    expect((await findEngine(options()))?.languageHostFolder).toBeUndefined();
    writeProgram(join(bench.folder, "host", "pulumi-language-nodejs"), "exit 0");
    const pathVariable = `${bench.pathVariable}:${join(bench.folder, "host")}`;
    expect((await findEngine(options({ pathVariable })))?.languageHostFolder).toBe(
      join(bench.folder, "host"),
    );
    writeProgram(join(bench.bin, "pulumi-language-nodejs"), "exit 0");
    expect((await findEngine(options({ pathVariable })))?.languageHostFolder).toBe(bench.bin);
  });
});

describe("installing", () => {
  test("nothing is installed where PATH has a fitting engine", async () => {
    writePulumi(join(bench.bin, "pulumi"), "3.251.0");
    writeGo(bench);
    expect((await installEngine(options())).origin).toBe("path");
    expect(existsSync(bench.goLog)).toBe(false);
    expect(existsSync(bench.cacheFolder)).toBe(false);
  });

  test("a download is preferred to a build, and lands whole", async () => {
    writeGo(bench);
    const download: typeof bench.steps.download = async ({ root }) => {
      writePulumi(join(root, "bin", "pulumi"), ENGINE_VERSION);
      writeProgram(join(root, "bin", "pulumi-language-nodejs"), "exit 0");
      return { kind: "downloaded" };
    };
    const engine = await installEngine(options({ steps: { ...bench.steps, download } }));
    expect(engine.origin).toBe("download");
    expect(engine.languageHostFolder).toBe(join(bench.cacheFolder, "engine", ENGINE_VERSION, "bin"));
    expect(existsSync(bench.goLog)).toBe(false);
    expect(await findEngine(options())).toEqual(engine);
  });

  test("a download of another version, or half of one, never gets into the cache", async () => {
    writeGo(bench);
    for (const version of ["3.251.0", ""]) {
      const download: typeof bench.steps.download = async ({ root }) => {
        writeProgram(join(root, "bin", "pulumi"), version === "" ? "exit 1" : `echo v${version}`);
        return { kind: "downloaded" };
      };
      const engine = await installEngine(options({ steps: { ...bench.steps, download } }));
      expect(engine.origin).toBe("build");
      bench.remove();
      bench = makeBench();
      writeGo(bench);
    }
    expect(progress.some((next) => /what came is 3.251.0, not 3.250.0/.test(next.text))).toBe(true);
    expect(progress.some((next) => /what came does not run/.test(next.text))).toBe(true);
  });

  test("a build is usable before its language host is there", async () => {
    writeGo(bench);
    let logWhenUsable = "";
    const engine = await installEngine(
      options({
        onUsable: () => {
          logWhenUsable = readFileSync(bench.goLog, "utf8");
        },
      }),
    );
    expect(engine).toMatchObject({ origin: "build", version: ENGINE_VERSION });
    expect(engine.languageHostFolder).toBe(join(bench.cacheFolder, "engine", ENGINE_VERSION, "bin"));
    expect(logWhenUsable).toContain("pkg/v3/cmd/pulumi");
    expect(logWhenUsable).not.toContain("pulumi-language-nodejs");
    const fractions = progress.flatMap((next) => (next.fraction === undefined ? [] : [next.fraction]));
    expect(Math.max(...fractions)).toBeLessThan(1);
    expect(progress).toContainEqual(expect.objectContaining({ kind: "line", text: "example.org/a" }));
    expect(leftovers()).toEqual([]);
  });

  test("a language host that does not build is a warning, and is tried again the next time", async () => {
    writeGo(bench, 'case "$*" in *language-nodejs*) echo "x.go:1: syntax error" >&2; exit 1 ;; esac');
    const engine = await installEngine(options());
    expect(engine.languageHostFolder).toBeUndefined();
    expect(progress.at(-1)?.text).toMatch(/^warning: no language host.*syntax error/);
    writeGo(bench);
    expect((await installEngine(options())).languageHostFolder).toBeDefined();
  });

  test("offline asks nobody for a download and Go for no module", async () => {
    writeGo(bench, 'test "$GOPROXY" = off || exit 9');
    const download = () => Promise.reject(new Error("asked"));
    const engine = await installEngine(options({ offline: true, steps: { ...bench.steps, download } }));
    expect(engine.origin).toBe("build");
  });

  test("a broken engine in the cache is replaced", async () => {
    writeGo(bench);
    writeProgram(join(bench.cacheFolder, "engine", ENGINE_VERSION, "bin", "pulumi"), "kill -9 $$");
    expect((await installEngine(options())).version).toBe(ENGINE_VERSION);
    expect(leftovers()).toEqual([]);
  });
});

describe("what the user is told when nothing works", () => {
  test("each way that was tried, why it failed, what to do", async () => {
    writePulumi(join(bench.bin, "pulumi"), "3.100.0");
    const message = await refusal(installEngine(options({ pathVariable: `${bench.bin}:/nowhere` })));
    expect(message).toMatch(/pulumi is 3\.100\.0, not 3\.250\.0 or newer/);
    expect(message).toContain("download: site: ENOTFOUND");
    expect(message).toContain("build: no `go` on PATH");
    expect(message).toContain("Go 1.26 or newer");
    expect(message).toContain("tiercast engine install");
    expect(leftovers()).toEqual([]);
  });

  test.each([
    [
      "echo 'go: go.mod requires go >= 1.26 (running go 1.22.1; GOTOOLCHAIN=local)' >&2; exit 1",
      /Go is 1\.22\.1, and the engine needs 1\.26/,
    ],
    [
      "[ $1 = list ] && { echo 'go: example.org/a@v1.0.0: dial tcp: no such host' >&2; exit 1; }",
      /build: go: example\.org\/a@v1\.0\.0: dial tcp/,
    ],
    [
      "[ $1 = list ] && { echo 'verifying example.org/a@v1.0.0: checksum mismatch' >&2; echo 'SECURITY ERROR' >&2; exit 1; }",
      /build: go: .*(mismatch|SECURITY ERROR)/,
    ],
    [
      "[ $1 = build ] && { echo 'write /x: no space left on device' >&2; exit 1; }",
      /no space left on the disk/,
    ],
    ["[ $1 = build ] && [ $2 = -v ] && kill -9 $$", /build: go: ended by SIGKILL/],
    ["FAKE_VERSION=3.249.0", /build: what came is 3\.249\.0, not 3\.250\.0/],
  ])("go: %s", async (body, words) => {
    writeGo(bench, body);
    expect(await refusal(installEngine(options()))).toMatch(words);
    expect(await findEngine(options())).toBeUndefined();
    expect(leftovers()).toEqual([]);
  });

  test("a cache that cannot be written", async () => {
    writeGo(bench);
    writeFileSync(bench.cacheFolder, "a file where the folder should be");
    expect(await refusal(installEngine(options()))).toMatch(
      /cannot write the engine cache .* XDG_CACHE_HOME/,
    );
  });

  test.skipIf(process.getuid?.() === 0)("a read-only cache (root may write anywhere)", async () => {
    writeGo(bench);
    mkdirSync(bench.cacheFolder);
    chmodSync(bench.cacheFolder, 0o555);
    expect(await refusal(installEngine(options()))).toMatch(/cannot write the engine cache .*EACCES/);
    chmodSync(bench.cacheFolder, 0o755);
  });
});

describe("interrupted and at the same time", () => {
  test("an interrupt ends all of go's processes and leaves no half install", async () => {
    const pids = join(bench.folder, "pids");
    writeGo(
      bench,
      `[ "$1 $2" = "build -v" ] && { sleep 60 & echo "$! $$" > '${pids.replaceAll("'", "'\\''")}'; wait; }`,
    );
    const interrupt = new AbortController();
    const install = installEngine(options({ signal: interrupt.signal }));
    await until(() => existsSync(pids) && readFileSync(pids, "utf8").includes(" "));
    interrupt.abort();
    await expect(install).rejects.toMatchObject({ name: "AbortError" });
    const started = readFileSync(pids, "utf8").trim().split(" ").map(Number);
    expect(started).toHaveLength(2);
    for (const pid of started) expect(await readProcess(pid)).toBeUndefined();
    expect(leftovers()).toEqual([]);
    expect(await findEngine(options())).toBeUndefined();
  });

  test("two at a time build once", async () => {
    writeGo(bench, '[ "$1 $2" = "build -v" ] && sleep 0.3');
    const [first, second] = await Promise.all([installEngine(options()), installEngine(options())]);
    expect(second).toEqual(first);
    const builds = readFileSync(bench.goLog, "utf8").match(/^build -v .*cmd\/pulumi$/gm);
    expect(builds).toHaveLength(1);
    expect(progress.some((next) => next.text.includes(`pid ${process.pid}`))).toBe(true);
  });

  test("who waits goes on by itself when the other fails", async () => {
    const flag = join(bench.folder, "failed-once").replaceAll("'", "'\\''");
    writeGo(
      bench,
      `[ "$1 $2" = "build -v" ] && [ ! -e '${flag}' ] && { sleep 0.3; touch '${flag}'; exit 1; }`,
    );
    const both = await Promise.allSettled([installEngine(options()), installEngine(options())]);
    expect(both.map((end) => end.status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("what a killed installer left is taken over and swept", async () => {
    writeGo(bench);
    const dead = await endedPid();
    const engineFolder = join(bench.cacheFolder, "engine");
    mkdirSync(join(engineFolder, `.draft-${dead}-abcd`, "bin"), { recursive: true });
    writeFileSync(
      join(engineFolder, "install.lock"),
      JSON.stringify({ pid: dead, host: hostname(), startTicks: 1 }),
    );
    expect((await installEngine(options())).origin).toBe("build");
    expect(leftovers()).toEqual([]);
  });
});

function leftovers(): readonly string[] {
  const folder = join(bench.cacheFolder, "engine");
  return existsSync(folder) ? readdirSync(folder).filter((name) => name !== ENGINE_VERSION) : [];
}

function endedPid(): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn("true");
    child.once("exit", () => resolve(child.pid ?? 0));
  });
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 25));
  expect(condition()).toBe(true);
}
