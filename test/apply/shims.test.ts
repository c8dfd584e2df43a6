import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Engine } from "../../src/apply/engine.ts";
import { engineEnvironment, exportLines, shellQuote, writeShims } from "../../src/apply/shims.ts";
import { type Bench, makeBench, writeProgram } from "./engine-fakes.ts";

let bench: Bench;

beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.remove());

/** Prints each argument on a line, so that a word that fell apart shows. */
const ECHO = 'for word in "$@"; do echo "[$word]"; done';
const ODD_WORDS = ["a b", "it's", '"$HOME"', "", "*", "back\\slash", "`id`"];
const ODD_LINES = ODD_WORDS.map((word) => `[${word}]\n`).join("");

async function shimsOf(
  name: string,
  more: { readonly nodePath?: string; readonly providerMain?: string } = {},
) {
  const pulumiPath = writeProgram(join(bench.folder, name, "pulumi"), `echo pid $$\n${ECHO}`);
  return writeShims({
    folder: join(bench.folder, "shims"),
    pulumiPath,
    nodePath: more.nodePath ?? process.execPath,
    ...(more.providerMain === undefined ? {} : { providerMain: more.providerMain }),
  });
}

function engineAt(pulumiPath: string, languageHostFolder: string | undefined): Engine {
  return { pulumiPath, version: "3.250.0", origin: "build", languageHostFolder };
}

test.each(["plain", "a b", "it's", "''", '"', "$HOME", "new\nline", "ü *?[]"])(
  "sh reads %j back as it was",
  (text) => {
    expect(execFileSync("sh", ["-c", `printf %s ${shellQuote(text)}`], { encoding: "utf8" })).toBe(text);
  },
);

describe("the pulumi shim", () => {
  test("passes every word on, from folders with spaces and quotes", async () => {
    const { root } = await shimsOf(`odd "name" $x`);
    const run = spawnSync(join(root, "bin", "pulumi"), ODD_WORDS, { encoding: "utf8", env: {} });
    expect(run.stdout.replace(/^pid .*\n/, "")).toBe(ODD_LINES);
    expect(run.stderr).toBe("");
  });

  test("notes the engine's own pid in the run's folder, once per start", async () => {
    const { root } = await shimsOf("real");
    const runFolder = join(bench.folder, "run 1");
    mkdirSync(runFolder);
    const run = () =>
      spawnSync(join(root, "bin", "pulumi"), [], {
        encoding: "utf8",
        env: { TIERCAST_RUN_FOLDER: runFolder },
      });
    const told = [run(), run()].map((end) => /pid (\d+)/.exec(end.stdout)?.[1]);
    expect(readFileSync(join(runFolder, "pids"), "utf8").trim().split("\n")).toEqual(told);
  });

  test("starts nothing when the pid cannot be noted: its lock could never be proved ours", async () => {
    const { root } = await shimsOf("real");
    const env = { TIERCAST_RUN_FOLDER: join(bench.folder, "gone") };
    const run = spawnSync(join(root, "bin", "pulumi"), [], { encoding: "utf8", env });
    expect(run.status).toBe(1);
    expect(run.stdout).toBe("");
  });
});

describe("the other shims", () => {
  test("run with the given node, whatever node is on PATH", async () => {
    writeProgram(join(bench.bin, "node"), "echo wrong node; exit 1");
    const nodePath = writeProgram(join(bench.folder, "n 24", "node"), `echo right\n${ECHO}`);
    const { binFolder } = await shimsOf("real", { nodePath, providerMain: "/p/it's main.ts" });
    const run = (name: string, args: readonly string[]) =>
      spawnSync(join(binFolder, name), args, { encoding: "utf8", env: { PATH: bench.pathVariable } }).stdout;
    expect(run("node", ["-v"])).toBe("right\n[-v]\n");
    expect(run("pulumi-resource-tiercast", ["127.0.0.1:1"])).toBe(
      "right\n[/p/it's main.ts]\n[127.0.0.1:1]\n",
    );
    expect(run("pulumi-analyzer-policy-nodejs", ["127.0.0.1:1", "."])).toMatch(
      /run-policy-pack\/index\.js\]\n\[127/,
    );
  });

  test("the pack's own entry is started: built or source", async () => {
    const nodePath = writeProgram(join(bench.folder, "node"), ECHO);
    const { binFolder } = await shimsOf("real", { nodePath });
    const pack = join(bench.folder, "pack");
    mkdirSync(pack);
    const entry = () =>
      spawnSync(join(binFolder, "pulumi-analyzer-policy-tiercast"), ["127.0.0.1:1", "."], {
        encoding: "utf8",
        cwd: pack,
      }).stdout;
    expect(entry()).toBe("[./index.ts]\n[127.0.0.1:1]\n[.]\n");
    writeFileSync(join(pack, "index.js"), "");
    expect(entry()).toBe("[./index.js]\n[127.0.0.1:1]\n[.]\n");
  });
});

describe("writing", () => {
  test("twice changes nothing, other paths get a folder of their own", async () => {
    const first = await shimsOf("real");
    const file = join(first.binFolder, "pulumi");
    const before = statSync(file, { bigint: true });
    expect(await shimsOf("real")).toEqual(first);
    expect(statSync(file, { bigint: true }).mtimeNs).toBe(before.mtimeNs);
    expect((await shimsOf("other")).root).not.toBe(first.root);
  });

  test("mends a shim that was changed or lost its right to run", async () => {
    const { binFolder } = await shimsOf("real");
    const good = readFileSync(join(binFolder, "pulumi"), "utf8");
    writeFileSync(join(binFolder, "pulumi"), "rm -rf /", { mode: 0o600 });
    await shimsOf("real");
    expect(readFileSync(join(binFolder, "pulumi"), "utf8")).toBe(good);
    expect(readdirSync(binFolder).filter((name) => /\.\d+\./.test(name))).toEqual([]);
  });

  test("many at a time agree, and old sets go", async () => {
    await Promise.all(Array.from({ length: 8 }, () => shimsOf("real")));
    for (let i = 0; i < 20; i++) {
      const { root } = await shimsOf(`real-${i}`);
      utimesSync(root, 1_000 + i, 1_000 + i);
    }
    expect(readdirSync(join(bench.folder, "shims")).length).toBeLessThanOrEqual(16);
  });
});

describe("the environment of a shell", () => {
  test("eval of the lines finds our pulumi first and keeps PATH", async () => {
    const shims = await shimsOf("real");
    const lines = exportLines(engineEnvironment(engineAt("/x/pulumi", "/x"), shims));
    const script = `${lines.join("\n")}\ncommand -v pulumi; echo "$PATH"; echo "$PULUMI_SKIP_UPDATE_CHECK"`;
    const out = execFileSync("sh", ["-c", script], { encoding: "utf8", env: { PATH: "/usr/bin:/bin" } });
    const pulumi = join(shims.binFolder, "pulumi");
    expect(out).toBe(`${pulumi}\n${shims.binFolder}:/usr/bin:/bin\ntrue\n`);
  });

  test("a language host that is not beside pulumi comes onto PATH too", async () => {
    const shims = await shimsOf("real");
    expect(engineEnvironment(engineAt("/x/pulumi", "/y z"), shims).pathFolders).toEqual([
      shims.binFolder,
      "/y z",
    ]);
    expect(engineEnvironment(engineAt("/x/pulumi", undefined), shims).pathFolders).toHaveLength(1);
  });
});

test("the provider for Kubernetes has a shim where it is there, and none where not", async () => {
  const pulumiPath = writeProgram(join(bench.folder, "p", "pulumi"), ECHO);
  const options = { folder: join(bench.folder, "shims"), pulumiPath, nodePath: process.execPath };
  const file = writeProgram(join(bench.folder, "it's a provider", "pulumi-resource-kubernetes"), ECHO);
  const without = await writeShims(options);
  expect(readdirSync(without.binFolder)).not.toContain("pulumi-resource-kubernetes");
  const shims = await writeShims({ ...options, kubernetesProviderFolder: dirname(file) });
  const said = spawnSync(join(shims.binFolder, "pulumi-resource-kubernetes"), ODD_WORDS, {
    encoding: "utf8",
  });
  expect(said.stdout).toBe(ODD_LINES);
});
