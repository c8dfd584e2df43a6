import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { PolicyLimits } from "../model/settings.ts";
import { UserError } from "../model/user-error.ts";

/** A policy that must have looked before anything changes. */
export interface RequiredPolicy {
  readonly name: string;
  readonly scope: "resource" | "stack";
  /** Resource types it judges; empty for a stack policy. */
  readonly types: readonly string[];
}

/** The pack as the daemon saw it at start: what each engine run must find unchanged. */
export interface PinnedPack {
  readonly folder: string;
  readonly name: string;
  readonly hash: string;
  readonly policies: readonly RequiredPolicy[];
  /** Configuration of each policy; never an enforcement level. */
  readonly config: Readonly<Record<string, unknown>>;
}

interface PackModule {
  readonly PACK_NAME?: string;
  readonly POLICIES?: readonly RequiredPolicy[];
  readonly policyConfig?: (limits: PolicyLimits) => Readonly<Record<string, unknown>>;
}

/**
 * Reads the pack's own list of policies and pins its content.
 *
 * Throws a `UserError` when the folder holds no pack or its `names` module says nothing.
 */
export async function pinPack(folder: string, limits: PolicyLimits): Promise<PinnedPack> {
  const hash = await hashPack(folder);
  const loaded = await loadNames(folder);
  const { PACK_NAME: name, POLICIES: policies, policyConfig } = loaded;
  if (name === undefined || policyConfig === undefined || policies === undefined || policies.length === 0) {
    throw new UserError(
      `policies.pack: ${folder}/names.js must export PACK_NAME, POLICIES and policyConfig, see docs/policies.md`,
    );
  }
  return { folder, name, hash, policies, config: policyConfig(limits) };
}

/**
 * SHA-256 over names and contents of the pack's own files. Taken when the daemon starts and again by each engine
 * run: a pack that was edited in between is not the pack that was looked at.
 */
export async function hashPack(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => {
    throw new UserError(
      `policies.pack: no policy pack in ${folder}: give the folder that holds PulumiPolicy.yaml`,
    );
  });
  const files = entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(`${file.slice(folder.length)}\0`);
    hash.update(await readFile(file));
    hash.update("\0");
  }
  return hash.digest("hex");
}

async function loadNames(folder: string): Promise<PackModule> {
  for (const extension of ["ts", "js"]) {
    const file = join(folder, `names.${extension}`);
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile()) return (await import(pathToFileURL(file).href)) as PackModule;
  }
  throw new UserError(
    `policies.pack: ${folder} has no names.js: list its policies there, see docs/policies.md`,
  );
}
