import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type CommandEnd, lastWords, runCommand } from "../../src/apply/engine-command.ts";
import { startSupervisor } from "../../src/local/start-supervisor.ts";
import { stopSupervisor } from "../../src/local/stop-supervisor.ts";
import type { LocalBaseInputs, StackInputs } from "../../src/model/stack-inputs.ts";

export interface BareProjectOptions {
  readonly folder: string;
  /** The engine itself, not a shim; the language host stands beside it. */
  readonly pulumiPath: string;
  /** Folder with the shims `node`, provider and analyzer, as `tiercast engine env` puts on PATH. */
  readonly binFolder: string;
  readonly packFolder: string;
  readonly packConfig: unknown;
  readonly base: LocalBaseInputs;
  /** Give the CLI's programs Node's compile cache too; a plain shell has none. */
  readonly compileCacheFolder?: string;
}

/** The same program as an ordinary Pulumi project, run by the CLI as a person or a pipeline would. */
export interface BareProject {
  preview(inputs: StackInputs): Promise<number>;
  update(inputs: StackInputs): Promise<number>;
  close(): Promise<void>;
}

const STACK = "tiers";
const DEADLINE_MS = 120_000;

/** Its backend, home and local platform are its own. Throws when the stack cannot be made. */
export async function openBareProject(options: BareProjectOptions): Promise<BareProject> {
  const files = writeProject(options);
  const { endpointFile, logFile, ...settings } = supervisorOptions(options);
  const run = (args: readonly string[]) => timedRun(options, files, args);
  const pack = ["--policy-pack", options.packFolder, "--policy-pack-config", files.packConfig];
  const withInputs = async (inputs: StackInputs, args: readonly string[]) => {
    writeFileSync(files.inputs, JSON.stringify({ ...inputs, endpointFile }));
    return run([...args, "--stack", STACK, ...pack, "--non-interactive"]);
  };
  await startSupervisor({ endpointFile, logFile, settings });
  const close = async (): Promise<void> => {
    await stopSupervisor(endpointFile);
  };
  try {
    await run(["stack", "init", STACK, "--non-interactive"]);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    preview: (inputs) => withInputs(inputs, ["preview"]),
    update: (inputs) => withInputs(inputs, ["up", "--yes", "--skip-preview"]),
    close,
  };
}

interface ProjectFiles {
  readonly project: string;
  readonly inputs: string;
  readonly packConfig: string;
  readonly passphrase: string;
  readonly backend: string;
  readonly home: string;
}

function writeProject({ folder, binFolder, packConfig }: BareProjectOptions): ProjectFiles {
  const root = join(import.meta.dirname, "../..");
  const files: ProjectFiles = {
    project: join(folder, "project"),
    inputs: join(folder, "inputs.json"),
    packConfig: join(folder, "pack.json"),
    passphrase: join(folder, "passphrase"),
    backend: join(folder, "backend"),
    home: join(folder, "home"),
  };
  for (const each of [files.project, files.backend, files.home]) mkdirSync(each, { recursive: true });
  symlinkSync(join(root, "node_modules"), join(files.project, "node_modules"));
  const program = pathToFileURL(join(root, "stacks/local/tier-program.ts")).href;
  const project = {
    name: "bare",
    runtime: { name: "nodejs", options: { typescript: false } },
    main: "main.ts",
    plugins: {
      providers: [{ name: "tiercast", path: binFolder }],
      analyzers: [{ name: "policy-tiercast", path: binFolder }],
    },
  };
  const main = `import { readFileSync } from "node:fs";
import { tierProgram } from ${JSON.stringify(program)};

const inputs = JSON.parse(readFileSync(${JSON.stringify(files.inputs)}, "utf8"));
export const outputs = tierProgram(inputs)();
`;
  writeFileSync(join(files.project, "Pulumi.yaml"), JSON.stringify(project));
  writeFileSync(join(files.project, "package.json"), JSON.stringify({ name: "bare", type: "module" }));
  writeFileSync(join(files.project, "main.ts"), main);
  writeFileSync(files.packConfig, JSON.stringify(packConfig));
  writeFileSync(files.passphrase, "bench");
  return files;
}

function supervisorOptions({ folder, base }: BareProjectOptions) {
  const { platform: _platform, tags: _tags, ...settings } = base;
  return {
    ...settings,
    endpointFile: join(folder, "platform", "endpoint.json"),
    logFile: join(folder, "platform", "supervisor.log"),
  };
}

/** Wall milliseconds of one command, start of the process to its end. */
async function timedRun(
  options: BareProjectOptions,
  files: ProjectFiles,
  args: readonly string[],
): Promise<number> {
  const beganMs = performance.now();
  const end = await runCommand({
    file: options.pulumiPath,
    args,
    folder: files.project,
    deadlineMs: DEADLINE_MS,
    environment: {
      ...process.env,
      PATH: `${options.binFolder}:${process.env["PATH"] ?? ""}`,
      PULUMI_HOME: files.home,
      PULUMI_BACKEND_URL: pathToFileURL(files.backend).href,
      PULUMI_CONFIG_PASSPHRASE_FILE: files.passphrase,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      NODE_COMPILE_CACHE: options.compileCacheFolder,
    },
  });
  if (end.kind !== "exited" || end.code !== 0) throw new Error(failureText(args, end));
  return performance.now() - beganMs;
}

function failureText(args: readonly string[], end: CommandEnd): string {
  const said = end.kind === "exited" ? `\n${end.tail.join("\n")}` : "";
  return `pulumi ${args[0]}: ${lastWords(end)}${said}`;
}
