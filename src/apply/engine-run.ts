import type { EngineEvent, PulumiFn, Stack } from "@pulumi/pulumi/automation/index.js";
import { baseProgramOf, tierProgramOf } from "../../stacks/programs.ts";
import type { PolicyEvidence } from "../model/ports.ts";
import { changesOf, errorsOf, outputsOf, summaryOf } from "./changes.ts";
import { csvField } from "./csv-field.ts";
import type { EngineJob, EngineProgram, EngineResult, PolicyJob } from "./engine-job.ts";
import { policyEvidence } from "./policy-evidence.ts";
import { hashPack } from "./policy-pack.ts";
import { failureOf } from "./pulumi-errors.ts";
import { onStack, openExistingStack } from "./workspace.ts";

/** Runs one job in this process. Expected endings are values; what is thrown is not expected. */
export async function runJob(job: EngineJob): Promise<EngineResult> {
  if (job.policy !== null && (await hashPack(job.policy.pack.folder)) !== job.policy.pack.hash) {
    const reason = `the policy pack in ${job.policy.pack.folder} was edited since the daemon started: restart it`;
    return { kind: "no-policy-evidence", reason };
  }
  switch (job.verb) {
    case "preview":
    case "update":
      return runProgram(job);
    case "recover":
      return recover(job);
    case "destroy":
      return destroy(job);
  }
}

async function runProgram(job: EngineJob): Promise<EngineResult> {
  let events: EngineEvent[] = [];
  let output: string[] = [];
  const { policy } = job;
  const packs =
    policy === null
      ? {}
      : { policyPacks: [csvField(policy.pack.folder)], policyPackConfigs: [csvField(policy.configFile)] };
  const options = {
    onEvent: (event: EngineEvent) => void events.push(event),
    onOutput: (text: string) => void (job.wantsDiff && output.push(text)),
    color: job.wantsDiff ? ("always" as const) : ("never" as const),
    diff: job.wantsDiff,
    suppressOutputs: true,
    ...packs,
  };
  try {
    await onStack(job, programOf(job.program), async (stack) => {
      events = [];
      output = [];
      await (job.verb === "preview" ? stack.preview(options) : stack.up(options));
    });
  } catch (error) {
    return failedRun(error, events, policy);
  }
  return doneRun(events, policy === null ? null : policyEvidence(events, policy.pack), output.join(""));
}

function programOf(program: EngineProgram): PulumiFn {
  switch (program.kind) {
    case "tier":
      return tierProgramOf(program.inputs);
    case "base":
      return baseProgramOf(program.inputs);
    case "none":
      return async () => undefined;
  }
}

/** A violation fails the run: then the policies' words are the reason, not the exit code. */
function failedRun(error: unknown, events: readonly EngineEvent[], job: PolicyJob | null): EngineResult {
  const violations = job === null ? [] : policyEvidence(events, job.pack).violations;
  if (violations.length > 0) return { kind: "policy-violation", violations };
  const failure = failureOf(error);
  const said = errorsOf(events).filter((line) => !/^(?:preview|update|destroy|refresh) failed$/.test(line));
  if (failure.kind === "locked" || said.length === 0) return failure;
  return failureOf(new Error(said.join(" | ")));
}

function doneRun(
  events: readonly EngineEvent[],
  policy: PolicyEvidence | null,
  diffText: string,
): EngineResult {
  return {
    kind: "done",
    changes: changesOf(events),
    summary: summaryOf(events),
    policy,
    diffText,
    outputs: outputsOf(events),
    mended: [],
    planGeneration: 0,
  };
}

/**
 * After an update that was cut off: what the engine had begun but not ended ("pending operations") is cleared and
 * the state read afresh from the platform. Creates of ours are idempotent and named alike each time, so a create
 * that did happen is adopted by the next update.
 */
async function recover(job: EngineJob): Promise<EngineResult> {
  const stack = await openExistingStack(job);
  const events: EngineEvent[] = [];
  if (stack === undefined) return doneRun(events, null, "");
  const pending = pendingOperations(await stack.exportStack());
  const mended = pending.map((operation) => `cleared pending ${operation}`);
  await stack.refresh({
    clearPendingCreates: true,
    onEvent: (event) => void events.push(event),
    color: "never",
  });
  for (const change of changesOf(events)) {
    if (change.op !== "refresh") mended.push(`state of ${change.name} read back: ${change.op}`);
  }
  return { ...doneEmpty(), mended, planGeneration: await storedGeneration(stack) };
}

function doneEmpty(): Extract<EngineResult, { kind: "done" }> {
  return {
    kind: "done",
    changes: [],
    summary: {},
    policy: null,
    diffText: "",
    outputs: {},
    mended: [],
    planGeneration: 0,
  };
}

interface ExportedState {
  readonly pending_operations?: readonly {
    readonly type?: string;
    readonly resource?: { readonly urn?: string };
  }[];
  readonly resources?: readonly {
    readonly type?: string;
    readonly inputs?: Readonly<Record<string, unknown>>;
  }[];
}

function pendingOperations(exported: { deployment?: unknown }): readonly string[] {
  const state = (exported.deployment ?? {}) as ExportedState;
  return (state.pending_operations ?? []).map(
    (operation) =>
      `${operation.type ?? "operation"} of ${operation.resource?.urn?.split("::").at(-1) ?? "a resource"}`,
  );
}

async function storedGeneration(stack: Stack): Promise<number> {
  const state = ((await stack.exportStack()).deployment ?? {}) as ExportedState;
  const plan = (state.resources ?? []).find((resource) => resource.type?.endsWith(":Plan") ?? false);
  const generation = plan?.inputs?.["planGeneration"];
  return typeof generation === "number" ? generation : 0;
}

async function destroy(job: EngineJob): Promise<EngineResult> {
  const stack = await openExistingStack(job);
  if (stack === undefined) return doneEmpty();
  const events: EngineEvent[] = [];
  try {
    await stack.destroy({ onEvent: (event) => void events.push(event), color: "never" });
  } catch (error) {
    return failedRun(error, events, null);
  }
  await stack.workspace.removeStack(job.stack);
  return { ...doneEmpty(), changes: changesOf(events), summary: summaryOf(events) };
}
