import { existsSync } from "node:fs";
import {
  LocalWorkspace,
  type ProjectSettings,
  PulumiCommand,
  type PulumiFn,
  Stack,
  StackNotFoundError,
} from "@pulumi/pulumi/automation/index.js";
import { version as sdkVersion } from "@pulumi/pulumi/version.js";
import type { EngineJob } from "./engine-job.ts";
import { KUBERNETES_SHIM } from "./shims.ts";

/**
 * Runs `use` on the stack of `job`, in a workspace of the run's own folders. Whether the stack is there is not asked
 * first, which would be one more start of the CLI in each run: when the engine says that there is none, it is made
 * and `use` runs once more. The salt of the passphrase comes back from the stack's state.
 */
export async function onStack<Result>(
  job: EngineJob,
  program: PulumiFn,
  use: (stack: Stack) => Promise<Result>,
): Promise<Result> {
  const workspace = await openWorkspace(job, program);
  const stack = await presumedStack(job, workspace);
  try {
    return await use(stack);
  } catch (error) {
    if (!(error instanceof StackNotFoundError)) throw error;
    await workspace.createStack(job.stack);
    return use(stack);
  }
}

/** A missing stack stays missing: undefined. */
export async function openExistingStack(job: EngineJob): Promise<Stack | undefined> {
  const workspace = await openWorkspace(job, async () => undefined);
  const stacks = await workspace.listStacks();
  if (!stacks.some((stack) => stack.name === job.stack || stack.name.endsWith(`/${job.stack}`)))
    return undefined;
  return presumedStack(job, workspace);
}

/** Selecting checks that the stack is there and notes it in the home folder; each command names its stack anyway. */
async function presumedStack(job: EngineJob, workspace: LocalWorkspace): Promise<Stack> {
  workspace.selectStack = async () => undefined;
  return withoutReadbacks(await Stack.select(job.stack, workspace));
}

async function openWorkspace(job: EngineJob, program: PulumiFn): Promise<LocalWorkspace> {
  return LocalWorkspace.create({
    pulumiCommand: knownCommand(job),
    program,
    workDir: `${job.runFolder}/work`,
    pulumiHome: `${job.runFolder}/home`,
    projectSettings: projectOf(job),
    envVars: { PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_SKIP_CONFIRMATIONS: "true" },
  });
}

/**
 * `PulumiCommand.get` starts the CLI to ask for its version, 0.15 s of each run. It was asked when the engine was
 * found, and is at least the SDK's: that is all the SDK wants to know, to choose how it gets events.
 */
function knownCommand(job: EngineJob): PulumiCommand {
  const known = { command: `${job.pulumiRoot}/bin/pulumi`, version: { toString: () => sdkVersion } };
  return Object.assign(Object.create(PulumiCommand.prototype) as PulumiCommand, known);
}

/** Plugins are named here, not found on PATH: that would be a warning in each run. The SDK's type lacks them. */
function projectOf(job: EngineJob): ProjectSettings {
  const path = `${job.pulumiRoot}/bin`;
  const plugins = {
    providers: [
      { name: "tiercast", path },
      ...(existsSync(`${path}/${KUBERNETES_SHIM}`) ? [{ name: "kubernetes", path }] : []),
    ],
    analyzers: [{ name: "policy-tiercast", path }],
  };
  const project = { name: job.project, runtime: "nodejs", backend: { url: job.backendUrl }, plugins };
  return project as ProjectSettings;
}

/**
 * `Stack.up` ends by starting the CLI twice more, for outputs and history: about a second of each cycle. All that
 * is wanted of them is in the engine's events.
 */
function withoutReadbacks(stack: Stack): Stack {
  stack.outputs = async () => ({});
  stack.info = async () => undefined;
  return stack;
}
