import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { formatDuration } from "../model/time.ts";
import type { EngineProgress } from "./engine.ts";
import { type CommandEnd, lastWords, runCommand } from "./engine-command.ts";
import { type BuildState, buildOutlook } from "./engine-progress.ts";

/** One program built from a small committed Go module whose `go.sum` pins every hash. */
export interface BuildTarget {
  /** What is built, in words for the screen. */
  readonly title: string;
  /** Folder with `go.mod` and `go.sum`. */
  readonly moduleFolder: string;
  readonly importPath: string;
  /** Values linked into the program: variable and value. */
  readonly variables: Readonly<Record<string, string>>;
  readonly output: string;
  /** File for Go's `-overlay`: files that Go shall see beside the sources. */
  readonly overlay?: string;
}

export interface BuildOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onProgress: (progress: EngineProgress) => void;
  readonly signal: AbortSignal | undefined;
  /** Use only what Go's module cache holds. */
  readonly offline: boolean;
}

/** `reason` is one line for people; `aborted` when `signal` ended it. */
export type BuildEnd =
  | { readonly kind: "built" }
  | { readonly kind: "aborted" }
  | { readonly kind: "failed"; readonly reason: string };

const TICK_MS = 1_000;
const GO_ADVICE = "Go 1.26 or newer";

/**
 * `go build` with live progress: what the Go cache already has is found out first (`go build -n`), so that the
 * fraction counts only the work that is left.
 */
export async function buildFromModules(target: BuildTarget, options: BuildOptions): Promise<BuildEnd> {
  const environment = goEnvironment(options);
  const go = (args: readonly string[], onLine?: (line: string) => void) =>
    runCommand({
      file: "go",
      args,
      folder: target.moduleFolder,
      environment,
      signal: options.signal,
      background: true,
      ...(onLine === undefined ? {} : { onLine }),
    });
  const toolchain = await go(["version"]);
  if (!succeeded(toolchain)) return failure(toolchain);
  const watch = watchBuild(target, options, await requiredModules(target.moduleFolder));
  try {
    const fetched = await go(
      ["list", "-mod=readonly", ...overlayFlag(target), "-deps", target.importPath],
      watch.fetchLine,
    );
    if (!succeeded(fetched)) return failure(fetched);
    const flags = buildFlags(target);
    const planned = await go(["build", "-n", ...flags], watch.planLine);
    if (!succeeded(planned)) return failure(planned);
    watch.startCompile();
    const built = await go(["build", "-v", ...flags], watch.compileLine);
    return succeeded(built) ? { kind: "built" } : failure(built);
  } finally {
    watch.stop();
  }
}

/** Folder names and flags of the machine and the user's own Go settings must not change what comes out. */
function buildFlags(target: BuildTarget): readonly string[] {
  const variables = Object.entries(target.variables).map(([name, value]) => `-X=${name}=${value}`);
  return [
    "-mod=readonly",
    "-trimpath",
    "-buildvcs=false",
    ...overlayFlag(target),
    `-ldflags=${["-s", "-w", ...variables].join(" ")}`,
    "-o",
    target.output,
    target.importPath,
  ];
}

function overlayFlag({ overlay }: BuildTarget): readonly string[] {
  return overlay === undefined ? [] : [`-overlay=${overlay}`];
}

function goEnvironment(options: BuildOptions): Readonly<Record<string, string | undefined>> {
  return {
    ...options.environment,
    // No C compiler needed; no workspace or flags of the user's.
    CGO_ENABLED: "0",
    GOWORK: "off",
    GOFLAGS: "",
    ...(options.offline ? { GOPROXY: "off" } : {}),
  };
}

function succeeded(end: CommandEnd): boolean {
  return end.kind === "exited" && end.code === 0;
}

function failure(end: CommandEnd): BuildEnd {
  if (end.kind === "aborted") return { kind: "aborted" };
  if (end.kind === "not-started")
    return { kind: "failed", reason: `no \`go\` on PATH (${GO_ADVICE} is needed)` };
  const output = end.kind === "exited" ? end.tail.join("\n") : "";
  if (/no space left on device|disk quota exceeded/i.test(output))
    return {
      kind: "failed",
      reason: "no space left on the disk while Go was building (about 3 GB are needed)",
    };
  const old = /requires go >= (\S+) \(running go (\S+?)[;)]/.exec(output);
  if (old !== null)
    return { kind: "failed", reason: `Go is ${old[2]}, and the engine needs ${old[1]} or newer` };
  return { kind: "failed", reason: `go: ${lastWords(end).replace(/^go: /, "")}` };
}

async function requiredModules(moduleFolder: string): Promise<number> {
  const text = await readFile(`${moduleFolder}/go.mod`, "utf8").catch(() => "");
  return text.split("\n").filter((line) => /^\t\S+ v\S+/.test(line)).length;
}

/** Keeps the count of what Go reports, and tells where the build stands at each tick. */
function watchBuild(target: BuildTarget, options: BuildOptions, allModules: number) {
  const weights = new Map<string, number>();
  const compiled = new Set<string>();
  let state: BuildState = {
    phase: "fetch",
    fetchedModules: 0,
    allModules,
    compiledFiles: 0,
    filesToCompile: 0,
    fetchMs: 0,
    compileMs: 0,
    linkMs: 0,
  };
  let highest = 0;
  let lastMs = performance.now();
  const advance = () => {
    const nowMs = performance.now();
    const spent = `${state.phase}Ms` as const;
    state = { ...state, [spent]: state[spent] + (nowMs - lastMs) };
    lastMs = nowMs;
    const outlook = buildOutlook(state, availableParallelism());
    highest = Math.max(highest, outlook.fraction);
    const text = describe(target.title, state, weights.size, compiled.size);
    options.onProgress({ kind: "step", text, fraction: highest, etaMs: outlook.etaMs });
  };
  const timer = setInterval(advance, TICK_MS);
  const line = (text: string) =>
    options.onProgress({ kind: "line", text, fraction: undefined, etaMs: undefined });
  return {
    fetchLine: (text: string) => {
      if (!text.startsWith("go: downloading ")) return;
      state = { ...state, fetchedModules: state.fetchedModules + 1 };
      line(text);
    },
    planLine: (text: string) => {
      const planned = compileCommand(text);
      if (planned === undefined) return;
      // The compiler calls the program's own package `main`, `go build -v` calls it by its path.
      const name = planned.importPath === "main" ? target.importPath : planned.importPath;
      weights.set(name, planned.files);
    },
    startCompile: () => {
      advance();
      let filesToCompile = 0;
      for (const files of weights.values()) filesToCompile += files;
      state = { ...state, phase: weights.size === 0 ? "link" : "compile", filesToCompile };
      advance();
    },
    compileLine: (text: string) => {
      line(text);
      if (weights.has(text)) compiled.add(text);
      state = { ...state, compiledFiles: state.compiledFiles + (weights.get(text) ?? 0) };
      // The program's own package comes last; after it there is only the linker.
      if (text === target.importPath) {
        advance();
        state = { ...state, phase: "link" };
      }
    },
    stop: () => clearInterval(timer),
  };
}

/** A line of `go build -n` that compiles a package: which, and how many files. */
function compileCommand(line: string): { readonly importPath: string; readonly files: number } | undefined {
  if (!/\/compile(\.exe)? /.test(line)) return undefined;
  const importPath = / -p (\S+)/.exec(line)?.[1];
  if (importPath === undefined) return undefined;
  return { importPath, files: line.match(/\S+\.go(?=\s|$)/g)?.length ?? 1 };
}

function describe(title: string, state: BuildState, packages: number, done: number): string {
  const elapsed = rounded(state.fetchMs + state.compileMs + state.linkMs);
  const doing = {
    fetch:
      state.fetchedModules === 0
        ? "looking for modules"
        : `${state.fetchedModules} of at most ${state.allModules} modules fetched`,
    compile: `${done} of ${packages} packages compiled`,
    link: "linking",
  }[state.phase];
  return `${title}: ${doing}, ${elapsed} so far`;
}

function rounded(ms: number): string {
  return formatDuration(Math.max(1, Math.round(ms / 1_000)) * 1_000);
}
