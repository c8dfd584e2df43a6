import {
  LocalWorkspace,
  type ProjectSettings,
  PulumiCommand,
  type PulumiFn,
  Stack,
} from "@pulumi/pulumi/automation/index.js";
import type { EngineJob } from "./engine-job.ts";

/**
 * The stack of `job` in a workspace of the run's own folders, created when the backend has none yet. Costs two
 * starts of the CLI (version, select); the salt of the passphrase comes back from the stack's state.
 */
export async function openStack(job: EngineJob, program: PulumiFn): Promise<Stack> {
  const workspace = await openWorkspace(job, program);
  const stack = await Stack.createOrSelect(job.stack, workspace);
  return withoutReadbacks(stack);
}

/** As `openStack`, but a missing stack stays missing: undefined. */
export async function openExistingStack(job: EngineJob): Promise<Stack | undefined> {
  const workspace = await openWorkspace(job, async () => undefined);
  const stacks = await workspace.listStacks();
  if (!stacks.some((stack) => stack.name === job.stack || stack.name.endsWith(`/${job.stack}`)))
    return undefined;
  return withoutReadbacks(await Stack.select(job.stack, workspace));
}

async function openWorkspace(job: EngineJob, program: PulumiFn): Promise<LocalWorkspace> {
  const pulumiCommand = await PulumiCommand.get({ root: job.pulumiRoot, skipVersionCheck: true });
  return LocalWorkspace.create({
    pulumiCommand,
    program,
    workDir: `${job.runFolder}/work`,
    pulumiHome: `${job.runFolder}/home`,
    projectSettings: projectOf(job),
    envVars: { PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_SKIP_CONFIRMATIONS: "true" },
  });
}

/** Plugins are named here, not found on PATH: that would be a warning in each run. The SDK's type lacks them. */
function projectOf(job: EngineJob): ProjectSettings {
  const path = `${job.pulumiRoot}/bin`;
  const plugins = {
    providers: [{ name: "tiercast", path }],
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
