import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type {
  EngineFailure,
  Log,
  PolicyEvidence,
  PreviewResult,
  RecoveryReport,
  StackDriver,
  UpdateResult,
} from "../model/ports.ts";
import type { PulumiSettings } from "../model/settings.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import { diskShortage, openBackend, passphraseFile, pruneHistory } from "./backend.ts";
import type { EngineJob, EngineResult } from "./engine-job.ts";
import { endLeftoverRuns, ownPidsOf } from "./leftovers.ts";
import { type OwnPid, readLocks, releaseOwnLocks } from "./locks.ts";
import type { PinnedPack } from "./policy-pack.ts";
import { readProcess } from "./process-group.ts";
import { runEngine } from "./run-engine.ts";
import { makeRunFolder, type RunOwner, removeRunFolder } from "./run-folder.ts";

export interface StackDriverOptions {
  readonly stateFolder: string;
  readonly pulumi: PulumiSettings;
  /** Folder whose `bin/pulumi` is the shim; undefined while there is no engine. Asked before each run. */
  readonly pulumiRoot: () => Promise<string | undefined>;
  /** The pack in force, pinned; read once at start. */
  readonly pack: PinnedPack;
  readonly nodePath: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where Node keeps compiled modules of engine child, provider and policy pack: halves their start. */
  readonly compileCacheFolder: string;
  readonly log: Log;
  readonly wallMs: () => number;
  readonly graceMs?: number;
  /** Keep the engine's coloured diff of previews (`tiercast plan`). */
  readonly wantsDiff?: boolean;
}

const ENGINE_MISSING: EngineFailure = {
  kind: "engine-missing",
  reason: "no Pulumi engine: run `tiercast engine install`",
};

/** Pulumi behind the `StackDriver` port: each call is one engine run in a child process of its own. */
export function createStackDriver(options: StackDriverOptions): StackDriver {
  const tier = options.pulumi.tierStack;
  const base = options.pulumi.baseStack;
  return {
    preview: async (inputs, signal) => previewed(await runTier(options, "preview", inputs, signal)),
    update: async (inputs, signal) => {
      const result = await runTier(options, "update", inputs, signal);
      return updated(result);
    },
    recover: (_inputs, signal) => recoverStack(options, tier, signal),
    destroy: (signal) => destroyStack(options, tier, signal),
    updateBase: async (inputs, signal) => {
      const program = { kind: "base", inputs } as const;
      return updated(await run(options, { verb: "update", stack: base, program }, signal));
    },
    destroyBase: (signal) => destroyStack(options, base, signal),
    close: async () => undefined,
  };
}

function runTier(
  options: StackDriverOptions,
  verb: "preview" | "update",
  inputs: StackInputs,
  signal?: AbortSignal,
) {
  const stack = options.pulumi.tierStack;
  return run(options, { verb, stack, program: { kind: "tier", inputs } }, signal);
}

type RunRequest = Pick<EngineJob, "verb" | "stack" | "program">;

type TimedResult = { readonly result: EngineResult; readonly engineMs: number };

async function run(
  options: StackDriverOptions,
  request: RunRequest,
  signal?: AbortSignal,
): Promise<TimedResult> {
  const began = performance.now();
  const result = await runOnce(options, request, signal);
  return { result, engineMs: Math.round(performance.now() - began) };
}

async function runOnce(
  options: StackDriverOptions,
  request: RunRequest,
  signal?: AbortSignal,
): Promise<EngineResult> {
  const pulumiRoot = await options.pulumiRoot();
  if (pulumiRoot === undefined) return ENGINE_MISSING;
  const shortage = await diskShortage(options.stateFolder);
  if (shortage !== undefined && request.verb !== "preview") return { kind: "failed", reason: shortage };
  const { project } = options.pulumi;
  const backendUrl = await openBackend(options.pulumi.backend, options.stateFolder);
  await clearLeftovers(options, request.stack, backendUrl);
  const owner = await runOwner(options, request);
  const folder = await makeRunFolder(runsFolder(options), owner);
  try {
    const result = await runEngine({
      job: {
        ...request,
        policy: await policyJob(options, request, folder.path),
        project,
        backendUrl,
        pulumiRoot,
        runFolder: folder.path,
        wantsDiff: (options.wantsDiff ?? false) && request.verb === "preview",
      },
      nodePath: options.nodePath,
      environment: await engineEnvironment(options, pulumiRoot, backendUrl),
      deadlineMs: options.pulumi.deadlineMs,
      memoryMib: options.pulumi.memoryMib,
      graceMs: options.graceMs ?? 10_000,
      owner,
      signal,
    });
    if (result.kind === "done") {
      if (request.verb === "update") await pruneHistory(backendUrl, project, request.stack);
      return result;
    }
    return await afterFailure(
      options,
      request.stack,
      backendUrl,
      result,
      await ownPidsOf(folder.path, owner.startedMs),
    );
  } finally {
    await removeRunFolder(folder.path);
  }
}

async function runOwner(options: StackDriverOptions, { verb, stack }: RunRequest): Promise<RunOwner> {
  const self = await readProcess(process.pid);
  return {
    stack,
    verb,
    group: 0,
    startTicks: 0,
    startedMs: options.wallMs(),
    parent: { pid: process.pid, startTicks: self?.startTicks ?? 0 },
  };
}

/** Runs of this stack whose starter is dead are ended and their locks released; a line for each thing mended. */
async function clearLeftovers(options: StackDriverOptions, stack: string, backendUrl: string) {
  const leftovers = await endLeftoverRuns(runsFolder(options), stack, options.graceMs ?? 10_000);
  if (leftovers.folders.length === 0) return [];
  const locks = await readLocks(backendUrl, options.pulumi.project, stack, leftovers.own);
  const mended = [...leftovers.mended, ...(await releaseOwnLocks(locks))];
  for (const folder of leftovers.folders) await removeRunFolder(folder);
  return mended;
}

/** The configuration is written anew for each run, so that no file that lies about can weaken it. */
async function policyJob(options: StackDriverOptions, request: RunRequest, runFolder: string) {
  if (request.program.kind === "none") return null;
  const configFile = join(runFolder, "policy-config.json");
  await writeFile(configFile, JSON.stringify(withShare(options.pack.config, request)), { mode: 0o600 });
  return { pack: options.pack, configFile };
}

/** What was granted of an account differs from plan to plan: only this run knows it. */
function withShare(config: PinnedPack["config"], { program }: RunRequest): PinnedPack["config"] {
  const own = config[SHARE_POLICY];
  if (program.kind !== "tier" || typeof own !== "object" || own === null) return config;
  const { accountShareUnits } = program.inputs;
  return accountShareUnits === undefined
    ? config
    : { ...config, [SHARE_POLICY]: { ...own, accountShareUnits } };
}

const SHARE_POLICY = "account-share-max";

/** A run that did not end well may have stranded its lock: it is ours and its process is gone, so it goes too. */
async function afterFailure(
  options: StackDriverOptions,
  stack: string,
  backendUrl: string,
  result: EngineFailure,
  own: readonly OwnPid[],
): Promise<EngineFailure> {
  const locks = await readLocks(backendUrl, options.pulumi.project, stack, own);
  for (const line of await releaseOwnLocks(locks)) options.log.warn("apply", line);
  const foreign = locks.find((lock) => !lock.ownDead);
  if (result.kind === "locked" && foreign !== undefined) return { ...result, by: foreign.holder };
  return result;
}

async function engineEnvironment(options: StackDriverOptions, pulumiRoot: string, backendUrl: string) {
  const path = options.environment["PATH"] ?? "";
  return {
    ...options.environment,
    NODE_OPTIONS: undefined,
    NODE_COMPILE_CACHE: options.compileCacheFolder,
    PATH: `${join(pulumiRoot, "bin")}:${path}`,
    PULUMI_BACKEND_URL: backendUrl,
    PULUMI_CONFIG_PASSPHRASE: undefined,
    PULUMI_CONFIG_PASSPHRASE_FILE: await passphraseFile(options.pulumi.passphraseFile, options.stateFolder),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: "true",
  };
}

function runsFolder(options: StackDriverOptions): string {
  return join(options.stateFolder, "runs");
}

function previewed({ result, engineMs }: TimedResult): PreviewResult | EngineFailure {
  if (result.kind !== "done") return result;
  const refusal = refusalOf(result.policy);
  if (refusal !== undefined) return refusal;
  const { changes, summary, diffText } = result;
  return { kind: "previewed", changes, summary, diffText, engineMs, policy: result.policy ?? NO_EVIDENCE };
}

function updated({ result, engineMs }: TimedResult): UpdateResult | EngineFailure {
  if (result.kind !== "done") return result;
  const refusal = refusalOf(result.policy);
  if (refusal !== undefined) return refusal;
  const { changes, summary, outputs } = result;
  return { kind: "updated", changes, summary, outputs, engineMs, policy: result.policy ?? NO_EVIDENCE };
}

const NO_EVIDENCE: PolicyEvidence = {
  pack: "",
  packHash: "",
  packVersion: "",
  passed: 0,
  violations: [],
  missing: ["no pack was asked for"],
};

/** Fail closed: a verdict that is not there, or that only warns, is a no. */
function refusalOf(policy: PolicyEvidence | null): EngineFailure | undefined {
  if (policy === null) return { kind: "no-policy-evidence", reason: "no policy pack was run" };
  if (policy.violations.length > 0) return { kind: "policy-violation", violations: policy.violations };
  if (policy.missing.length > 0)
    return { kind: "no-policy-evidence", reason: policy.missing.slice(0, 5).join("; ") };
  return undefined;
}

async function recoverStack(
  options: StackDriverOptions,
  stack: string,
  signal?: AbortSignal,
): Promise<RecoveryReport | EngineFailure> {
  const backendUrl = await openBackend(options.pulumi.backend, options.stateFolder);
  const mended = await clearLeftovers(options, stack, backendUrl);
  const foreign = (await readLocks(backendUrl, options.pulumi.project, stack, [])).find(
    (lock) => !lock.ownDead,
  );
  if (foreign !== undefined) return { kind: "locked", by: foreign.holder, ownDead: false };
  const { result } = await run(options, { verb: "recover", stack, program: { kind: "none" } }, signal);
  if (result.kind !== "done") return result;
  return { kind: "recovered", mended: [...mended, ...result.mended], planGeneration: result.planGeneration };
}

async function destroyStack(options: StackDriverOptions, stack: string, signal?: AbortSignal) {
  const request = { verb: "destroy", stack, program: { kind: "none" } } as const;
  const { result } = await run(options, request, signal);
  return result.kind === "done" ? ({ kind: "destroyed" } as const) : result;
}
