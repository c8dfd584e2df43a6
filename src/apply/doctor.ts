import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkClock, checkFolder, checkLoopback, checkNode, checkTimeZones } from "./doctor-machine.ts";
import { ENGINE_VERSION, type Engine, findEngine } from "./engine.ts";
import { lastWords, runCommand } from "./engine-command.ts";
import { tryPlugin } from "./engine-trial.ts";
import { type Shims, writeShims } from "./shims.ts";

/** One thing looked at. `warn`: tiercast works, but less well or not by hand; `fail`: it cannot apply plans. */
export interface DoctorCheck {
  readonly name: string;
  readonly ok: "ok" | "warn" | "fail";
  readonly detail: string;
  /** What to do; empty when `ok`. */
  readonly fix: string;
}

export interface DoctorOptions {
  readonly cacheFolder: string;
  readonly stateFolder: string;
  readonly pathVariable: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The Node that runs tiercast: `process.execPath` and `process.version`. */
  readonly nodePath: string;
  readonly nodeVersion: string;
  /** Wall clock. */
  readonly nowMs: () => number;
  /** Pack to be tried; undefined: the one shipped. */
  readonly policyPackFolder?: string;
  /** Program of the provider; undefined: the one shipped. */
  readonly providerMain?: string;
}

const PLUGIN_DEADLINE_MS = 20_000;
const GO_DEADLINE_MS = 10_000;

/** Looks at the machine by trying each thing, not by assuming it. Leaves only the two folders behind. */
export async function runDoctor(options: DoctorOptions): Promise<readonly DoctorCheck[]> {
  const trialFolder = await mkdtemp(join(tmpdir(), "tiercast-doctor-"));
  try {
    const engine = await findEngine(options);
    const shims = await writeShims({
      folder: trialFolder,
      pulumiPath: engine?.pulumiPath ?? "pulumi",
      nodePath: options.nodePath,
      ...(options.providerMain === undefined ? {} : { providerMain: options.providerMain }),
    });
    return [
      checkNode(options.nodePath, options.nodeVersion),
      checkEngine(engine),
      await checkLanguageHost(options, engine, trialFolder),
      await checkProvider(options, shims, trialFolder),
      await checkPolicies(options, shims),
      await checkGo(options, engine),
      { name: "git", ok: "ok", detail: "not needed", fix: "" },
      await checkFolder(
        "cache folder",
        options.cacheFolder,
        "set XDG_CACHE_HOME to a folder that is writable",
      ),
      await checkFolder("state folder", options.stateFolder, "set state.folder to a folder that is writable"),
      await checkLoopback(),
      await checkClock(trialFolder, options.nowMs),
      checkTimeZones(),
    ];
  } finally {
    await rm(trialFolder, { recursive: true, force: true });
  }
}

function checkEngine(engine: Engine | undefined): DoctorCheck {
  const name = "Pulumi engine";
  if (engine === undefined)
    return {
      name,
      ok: "fail",
      detail: `none that fits: ${ENGINE_VERSION} or newer within 3`,
      fix: "run `tiercast engine install` (forecast, plan and validate work without)",
    };
  return { name, ok: "ok", detail: `${engine.version} from ${engine.origin}: ${engine.pulumiPath}`, fix: "" };
}

async function checkLanguageHost(
  options: DoctorOptions,
  engine: Engine | undefined,
  folder: string,
): Promise<DoctorCheck> {
  const name = "language host";
  const lacking = "`pulumi up` by hand will not work, tiercast does";
  const hostFolder = engine?.languageHostFolder;
  if (hostFolder === undefined)
    return { name, ok: "warn", detail: `missing: ${lacking}`, fix: "run `tiercast engine install`" };
  const file = join(hostFolder, "pulumi-language-nodejs");
  const environment = pluginEnvironment(options);
  const end = await tryPlugin({
    file,
    args: [NO_ENGINE],
    folder,
    environment,
    deadlineMs: PLUGIN_DEADLINE_MS,
  });
  if (end.kind === "answered")
    return { name, ok: "ok", detail: `${file} answered after ${end.startMs} ms`, fix: "" };
  const fix = `delete ${file} and run \`tiercast engine install\``;
  return { name, ok: "warn", detail: `${file} does not start (${end.reason}): ${lacking}`, fix };
}

async function checkProvider(options: DoctorOptions, shims: Shims, folder: string): Promise<DoctorCheck> {
  const file = join(shims.binFolder, "pulumi-resource-tiercast");
  const end = await tryPlugin({
    file,
    args: [NO_ENGINE],
    folder,
    environment: pluginEnvironment(options),
    deadlineMs: PLUGIN_DEADLINE_MS,
  });
  return pluginCheck("provider plugin", end);
}

async function checkPolicies(options: DoctorOptions, shims: Shims): Promise<DoctorCheck> {
  const folder = options.policyPackFolder ?? fileURLToPath(new URL("../../policies", import.meta.url));
  const end = await tryPlugin({
    file: join(shims.binFolder, "pulumi-analyzer-policy-tiercast"),
    args: [NO_ENGINE, "."],
    folder,
    environment: pluginEnvironment(options),
    deadlineMs: PLUGIN_DEADLINE_MS,
  });
  return pluginCheck("policy pack", end);
}

/** Plugins are told where the engine is; they call it only when something goes wrong. */
const NO_ENGINE = "127.0.0.1:9";

function pluginEnvironment(options: DoctorOptions) {
  return { ...options.environment, PATH: options.pathVariable };
}

function pluginCheck(name: string, end: Awaited<ReturnType<typeof tryPlugin>>): DoctorCheck {
  if (end.kind === "answered")
    return { name, ok: "ok", detail: `answered on its port after ${end.startMs} ms`, fix: "" };
  const fix = "install tiercast afresh (`npm ci` in a clone), then run `tiercast doctor` again";
  return { name, ok: "fail", detail: `does not start: ${end.reason}`, fix };
}

async function checkGo(options: DoctorOptions, engine: Engine | undefined): Promise<DoctorCheck> {
  const end = await runCommand({
    file: "go",
    args: ["version"],
    environment: { ...pluginEnvironment(options), GOTOOLCHAIN: "local" },
    deadlineMs: GO_DEADLINE_MS,
  });
  const version =
    end.kind === "exited" && end.code === 0 ? /go(\d+\.\d+\S*)/.exec(end.stdout)?.[1] : undefined;
  if (version !== undefined) return { name: "Go", ok: "ok", detail: version, fix: "" };
  const detail = end.kind === "not-started" ? "not on PATH" : lastWords(end);
  if (engine !== undefined)
    return { name: "Go", ok: "ok", detail: `${detail}; not needed, there is an engine`, fix: "" };
  const fix = "install Go 1.26 or newer, unless the engine can be downloaded";
  return { name: "Go", ok: "warn", detail: `${detail}; the engine can only be downloaded`, fix };
}
