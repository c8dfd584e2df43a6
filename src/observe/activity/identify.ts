import type { ActivitySettings, IdentifyBy } from "../../model/activity.ts";
import { type ByteCache, createByteCache } from "./byte-cache.ts";
import { findByte } from "./byte-scan.ts";
import type { Pseudonyms } from "./pseudonym.ts";
import { FIELD, hasField, type RawRequest } from "./raw-request.ts";

const MAX_IDENTITY_BYTES = 64;
const MAX_NAME_BYTES = 4096;
/** Kind and agent come first. */
const NAME_AT = 5;

/** A user agent as it is remembered: a number of its own stands for its text. */
export interface KnownAgent {
  readonly number: number;
  readonly text: string;
}

/** The pseudonym of who sent a request; undefined when nothing in it tells. */
export type IdentifyUser = (raw: RawRequest, agent: KnownAgent | undefined) => string | undefined;

export interface IdentifyRequest {
  readonly identify: ActivitySettings["identify"];
  readonly pseudonyms: Pseudonyms;
  /** Users whose pseudonyms are remembered; a power of two. */
  readonly slots: number;
  /** A user that was known under an older key. */
  onRename(from: string, to: string): void;
}

/**
 * Who sent a request, by the first of `identify.by` that it tells. Raw identifiers stay in this cache, in
 * memory only, as long as they are among the latest.
 */
export function createIdentifyUser(request: IdentifyRequest): IdentifyUser {
  const { by, cookie } = request.identify;
  const cookieName = cookie === undefined ? undefined : Buffer.from(`${cookie}=`);
  const scratch = Buffer.alloc(MAX_NAME_BYTES + NAME_AT);
  const sender: { agent: KnownAgent | undefined } = { agent: undefined };
  const cache = pseudonymCache(request, sender);
  return (raw, agent) => {
    sender.agent = agent;
    for (const [index, kind] of by.entries()) {
      const length = writeName(raw, kind, cookieName, scratch);
      if (length === NAME_AT) continue;
      scratch[0] = index;
      scratch.writeInt32LE(kind === "address-agent" ? (agent?.number ?? -1) : -1, 1);
      return cache.get(scratch, 0, length);
    }
    return undefined;
  };
}

/** Keys: which of the kinds, the agent's number, the name. */
function pseudonymCache(
  { identify, pseudonyms, slots, onRename }: IdentifyRequest,
  sender: { readonly agent: KnownAgent | undefined },
): ByteCache<string> {
  return createByteCache({
    slots,
    maxKeyBytes: MAX_IDENTITY_BYTES,
    seed: pseudonyms.seed,
    make: (line, from, to) => {
      const by = identify.by[line[from] ?? 0] ?? "address";
      const name = line.toString("utf8", from + NAME_AT, to);
      const identity = { by, name, agent: sender.agent?.text ?? "" };
      const user = pseudonyms.of(identity);
      for (const older of pseudonyms.older(identity)) onRename(older, user);
      return user;
    },
  });
}

/**
 * Writes the name behind the room for kind and agent; returns where it ends, `NAME_AT` when there is none.
 */
function writeName(raw: RawRequest, kind: IdentifyBy, cookie: Buffer | undefined, scratch: Buffer): number {
  if (kind === "cookie") return copyCookie(raw, cookie, scratch);
  return copyField(raw, kind === "account" ? FIELD.account : FIELD.address, scratch);
}

function copyField(raw: RawRequest, field: number, scratch: Buffer): number {
  if (!hasField(raw, field)) return NAME_AT;
  const from = raw.from[field] ?? 0;
  const to = Math.min(raw.to[field] ?? 0, from + MAX_NAME_BYTES);
  return NAME_AT + raw.line.copy(scratch, NAME_AT, from, to);
}

/** The named cookie of a header, or the whole field when it is one value. */
function copyCookie(raw: RawRequest, name: Buffer | undefined, scratch: Buffer): number {
  if (!hasField(raw, FIELD.cookie)) return NAME_AT;
  const { line } = raw;
  let from = raw.from[FIELD.cookie] ?? 0;
  const to = raw.to[FIELD.cookie] ?? 0;
  const copy = (start: number, end: number): number =>
    NAME_AT + line.copy(scratch, NAME_AT, start, Math.min(end, start + MAX_NAME_BYTES));
  if (findByte(line, 61, from, to) < 0) return copy(from, to);
  while (name !== undefined && from < to) {
    while (line[from] === 32) from++;
    const semicolon = findByte(line, 59, from, to);
    const end = semicolon < 0 ? to : semicolon;
    if (startsWith(line, name, from, end)) return copy(from + name.length, end);
    from = end + 1;
  }
  return NAME_AT;
}

function startsWith(line: Buffer, name: Buffer, from: number, to: number): boolean {
  if (from + name.length > to) return false;
  for (let i = 0; i < name.length; i++) if (line[from + i] !== name[i]) return false;
  return true;
}
