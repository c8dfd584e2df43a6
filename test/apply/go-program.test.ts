import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Engine, EngineProgress } from "../../src/apply/engine.ts";
import { findGoProgram, type GoProgram, installGoProgram } from "../../src/apply/go-program.ts";
import {
  findKubernetesProvider,
  type InstallProviderOptions,
  installKubernetesProvider,
  KUBERNETES_PROVIDER_VERSION,
} from "../../src/apply/kubernetes-provider.ts";
import { UserError } from "../../src/model/user-error.ts";
import { type Bench, makeBench, writeGo, writeProgram } from "./engine-fakes.ts";

let bench: Bench;
let progress: EngineProgress[] = [];
beforeEach(() => {
  bench = makeBench();
  progress = [];
  const folder = join(bench.folder, "modules", "kubernetes");
  mkdirSync(folder);
  for (const name of ["go.mod", "go.sum", "main.go"]) writeFileSync(join(folder, name), `${name}\n`);
});
afterEach(() => bench.remove());

/** `go mod download -json` answers with a folder, as the real one does. */
function writeGoWithModules(): void {
  const answer = JSON.stringify({ Dir: join(bench.folder, "source of module") }).replaceAll("'", "'\\''");
  writeGo(bench, `case "$1" in mod) echo '${answer}'; exit 0 ;; esac`);
}

function options() {
  return {
    cacheFolder: bench.cacheFolder,
    environment: { PATH: bench.pathVariable, HOME: bench.folder },
    onProgress: (next: EngineProgress) => progress.push(next),
  };
}

function program(more: Partial<GoProgram> = {}): GoProgram {
  return {
    name: "server",
    version: "1.2.3",
    moduleFolder: join(bench.folder, "modules", "cli"),
    importPath: "example.org/server",
    variables: {},
    ...more,
  };
}

function provider(pulumi = "exit 1"): InstallProviderOptions {
  const pulumiPath = writeProgram(join(bench.folder, "engine", "pulumi"), pulumi);
  const engine: Engine = { pulumiPath, version: "3.250.0", origin: "build", languageHostFolder: undefined };
  return { ...options(), engine, modulesFolder: join(bench.folder, "modules") };
}

const asked = () => (existsSync(bench.goLog) ? readFileSync(bench.goLog, "utf8").trim().split("\n") : []);

test("it is built once and then found, without Go", async () => {
  writeGo(bench);
  const file = await installGoProgram(program(), options());
  expect(existsSync(file)).toBe(true);
  rmSync(join(bench.bin, "go"));
  expect(await installGoProgram(program(), options())).toBe(file);
  expect(await findGoProgram(program(), bench.cacheFolder)).toBe(file);
});

test("two at a time build once", async () => {
  writeGo(bench, "sleep 0.1");
  const files = await Promise.all([
    installGoProgram(program(), options()),
    installGoProgram(program(), options()),
  ]);
  expect(files[0]).toBe(files[1]);
  expect(asked().filter((line) => line.startsWith("build -v"))).toHaveLength(1);
});

test.each([
  ["version", (): GoProgram => program({ version: "1.2.4" })],
  ["linked value", (): GoProgram => program({ variables: { "main.v": "2" } })],
  [
    "go.sum",
    (): GoProgram => {
      writeFileSync(join(bench.folder, "modules", "cli", "go.sum"), "other hashes\n");
      return program();
    },
  ],
])("another %s is another program", async (_what, changed) => {
  writeGo(bench);
  await installGoProgram(program(), options());
  expect(await findGoProgram(changed(), bench.cacheFolder)).toBeUndefined();
});

test("a build that fails says why and leaves nothing but its folder", async () => {
  writeGo(bench, 'case "$1" in build) echo "cannot find module x" >&2; exit 1 ;; esac');
  const failed = installGoProgram(program(), options());
  await expect(failed).rejects.toThrow(/^no server 1\.2\.3: .*cannot find module x/);
  await expect(failed).rejects.toBeInstanceOf(UserError);
  expect(readdirSync(join(bench.cacheFolder, "programs", "server"))).toEqual([]);
});

test("no Go is a reason in one line", async () => {
  await expect(installGoProgram(program(), options())).rejects.toThrow(/no `go` on PATH.*Go 1\.26/);
});

test("an interrupt ends the build", async () => {
  writeGo(bench, 'case "$1" in build) sleep 60 ;; esac');
  const interrupted = new AbortController();
  const building = installGoProgram(program(), { ...options(), signal: interrupted.signal });
  setTimeout(() => interrupted.abort(), 300);
  await expect(building).rejects.toMatchObject({ name: "AbortError" });
  expect(readdirSync(join(bench.cacheFolder, "programs", "server"))).toEqual([]);
});

test("the provider is built with the module's own files shown to Go", async () => {
  // The overlay is gone when the build is: the fake keeps a copy.
  const kept = join(bench.folder, "overlay kept.json").replaceAll("'", "'\\''");
  const answer = JSON.stringify({ Dir: join(bench.folder, "module") }).replaceAll("'", "'\\''");
  writeGo(
    bench,
    `case "$1" in mod) echo '${answer}'; exit 0 ;; esac
for word in "$@"; do case "$word" in -overlay=*) cp "\${word#-overlay=}" '${kept}' ;; esac; done`,
  );
  const found = await installKubernetesProvider(provider());
  expect(found).toMatchObject({ name: "kubernetes", version: KUBERNETES_PROVIDER_VERSION, origin: "build" });
  expect(existsSync(join(found.folder, "pulumi-resource-kubernetes"))).toBe(true);
  const { Replace: shown } = JSON.parse(readFileSync(join(bench.folder, "overlay kept.json"), "utf8"));
  const source = join(bench.folder, "module", "cmd", "pulumi-resource-kubernetes");
  expect(shown[join(bench.folder, "modules", "kubernetes", "schema.json")]).toBe(join(source, "schema.json"));
  expect(await findKubernetesProvider(provider())).toEqual(found);
});

test("the provider comes by download where that works, and Go is not asked", async () => {
  const place = `$PULUMI_HOME/plugins/resource-kubernetes-v${KUBERNETES_PROVIDER_VERSION}`;
  const install = `mkdir -p "${place}"; f="${place}/pulumi-resource-kubernetes"; echo > "$f"; chmod +x "$f"`;
  writeGoWithModules();
  const found = await installKubernetesProvider(provider(install));
  expect(found.origin).toBe("download");
  expect(asked()).toEqual([]);
  expect(await findKubernetesProvider(provider())).toEqual(found);
});

test("Pulumi's own plugin cache is looked at first", async () => {
  const folder = join(bench.folder, ".pulumi/plugins", `resource-kubernetes-v${KUBERNETES_PROVIDER_VERSION}`);
  writeProgram(join(folder, "pulumi-resource-kubernetes"), "exit 0");
  expect(await findKubernetesProvider(provider())).toMatchObject({ origin: "pulumi", folder });
});

test("neither download nor Go: both reasons are named, and offline nothing is fetched", async () => {
  await expect(installKubernetesProvider(provider("echo 403 denied >&2; exit 1"))).rejects.toThrow(
    /no `go` on PATH.*403 denied/,
  );
  const offline = { ...provider('touch "$HOME/fetched"; exit 0'), offline: true };
  await expect(installKubernetesProvider(offline)).rejects.toThrow(/not tried \(offline\)/);
  expect(existsSync(join(bench.folder, "fetched"))).toBe(false);
});

test("the provider's version is the Go module's lock", () => {
  const folder = join(import.meta.dirname, "../../engine/kubernetes");
  expect(readFileSync(join(folder, "go.mod"), "utf8")).toContain(
    "github.com/pulumi/pulumi-kubernetes/provider/v4 v4.0.0-20260115033456-f47bc2d6f199",
  );
  expect(readFileSync(join(folder, "go.sum"), "utf8")).toContain("pulumi-kubernetes/provider/v4 v4.0.0-2026");
});
