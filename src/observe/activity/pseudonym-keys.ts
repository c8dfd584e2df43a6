import { randomBytes } from "node:crypto";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { ActivityPrivacySettings } from "../../model/activity.ts";
import { UserError } from "../../model/user-error.ts";

export interface KeyRequest {
  readonly privacy: Pick<ActivityPrivacySettings, "keyEnv" | "rotateMs" | "overlapMs">;
  readonly file: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly nowMs: number;
  /** Only reads: neither makes nor renews a key. */
  readonly readOnly?: boolean;
}

interface StoredKey {
  readonly madeMs: number;
  /** 32 bytes, base64. */
  readonly secret: string;
}

/** In the state folder, unless the settings say otherwise. */
export const KEY_FILE = "pseudonym-keys.json";
const KEY_BYTES = 32;
const MAX_KEYS = 16;

/**
 * The keys of pseudonyms, the newest first: from the environment, or from a file that is made with 0600 on
 * first use. A key of the file that is older than `rotateMs` gets a successor, and is given up once that is
 * older than `overlapMs`. Throws a `UserError` for a key too short, a file that others may read, or one that
 * is none of ours.
 */
export function readKeys(request: KeyRequest): readonly Uint8Array[] {
  const { keyEnv } = request.privacy;
  if (keyEnv !== undefined) return keysOfEnvironment(keyEnv, request.environment[keyEnv]);
  const stored = readKeyFile(request.file);
  if (stored === undefined) {
    if (request.readOnly)
      throw new UserError(`${request.file}: no key yet, so no user is known (run the daemon first)`, 1);
    const first = [newKey(request.nowMs)];
    return secretsOf(makeKeyFile(request.file, first) ? first : (readKeyFile(request.file) ?? first));
  }
  if (request.readOnly) return secretsOf(stored);
  const kept = rotated(stored, request);
  if (kept !== stored) replaceKeyFile(request.file, kept);
  return secretsOf(kept);
}

/** Newest first. A key is kept until its successor is older than the overlap. */
function rotated(keys: readonly StoredKey[], { privacy, nowMs }: KeyRequest): readonly StoredKey[] {
  const newest = keys[0];
  const isOld = newest === undefined || nowMs - newest.madeMs >= privacy.rotateMs;
  const all = isOld ? [newKey(nowMs), ...keys] : keys;
  const kept = all.filter((_key, i) => i === 0 || nowMs - (all[i - 1]?.madeMs ?? nowMs) < privacy.overlapMs);
  return kept.length === keys.length && !isOld ? keys : kept.slice(0, MAX_KEYS);
}

function newKey(nowMs: number): StoredKey {
  return { madeMs: nowMs, secret: randomBytes(KEY_BYTES).toString("base64") };
}

function secretsOf(keys: readonly StoredKey[]): readonly Uint8Array[] {
  return keys.map(({ secret }) => Buffer.from(secret, "base64"));
}

function keysOfEnvironment(name: string, value: string | undefined): readonly Uint8Array[] {
  const keys = (value ?? "").split(",").map((text) => text.trim());
  if (keys.some((text) => Buffer.byteLength(text) < KEY_BYTES))
    throw new UserError(
      `environment ${name}: a key of at least ${KEY_BYTES} characters is needed (openssl rand -base64 32)`,
    );
  return keys.slice(0, MAX_KEYS).map((text) => Buffer.from(text));
}

function readKeyFile(file: string): readonly StoredKey[] | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if ((stats.mode & 0o077) !== 0)
    throw new UserError(`${file}: others may read the key of pseudonyms (chmod 600 ${file})`);
  const keys = parseKeys(readFileSync(file, "utf8"));
  if (keys === undefined)
    throw new UserError(
      `${file}: is no key file of tiercast (restore it; without it users are not recognised)`,
    );
  return keys;
}

function parseKeys(text: string): readonly StoredKey[] | undefined {
  try {
    const { keys } = JSON.parse(text) as { readonly keys?: unknown };
    return Array.isArray(keys) && keys.length > 0 && keys.every(isKey) ? keys : undefined;
  } catch {
    return undefined;
  }
}

function isKey(value: unknown): value is StoredKey {
  if (typeof value !== "object" || value === null) return false;
  const { madeMs, secret } = value as Partial<StoredKey>;
  return (
    typeof madeMs === "number" &&
    typeof secret === "string" &&
    Buffer.from(secret, "base64").length === KEY_BYTES
  );
}

/** False when another process made it in the meantime. */
function makeKeyFile(file: string, keys: readonly StoredKey[]): boolean {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = writeDraft(file, keys);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function replaceKeyFile(file: string, keys: readonly StoredKey[]): void {
  renameSync(writeDraft(file, keys), file);
}

function writeDraft(file: string, keys: readonly StoredKey[]): string {
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, `${JSON.stringify({ keys })}\n`, { mode: 0o600, flush: true });
  chmodSync(draft, 0o600);
  return draft;
}
