import { hash } from "node:crypto";
import type { IdentifyBy } from "../../model/activity.ts";

/** What tells a user, in parts: an address and an agent, or one account or cookie. */
export interface Identity {
  readonly by: IdentifyBy;
  /** Account, cookie or address. */
  readonly name: string;
  /** With `address-agent`. */
  readonly agent: string;
}

export interface Pseudonyms {
  /** Under the newest key: 22 base64url characters, 128 bits. */
  of(identity: Identity): string;
  /** Under each older key that is still held, the newest first. */
  older(identity: Identity): readonly string[];
  /** First halves under all keys: of every pseudonym that an address has with whatever agent. */
  ofAddress(address: string): readonly string[];
  /** A number no one outside knows, for the hashes of tables. */
  readonly seed: number;
}

export const HALF_CHARACTERS = 11;
/** Names are cut off at 4,096 bytes before they come here. */
const MAX_HASHED_BYTES = 16_384;
const MAX_AGENT_CHARACTERS = 4096;

/**
 * Pseudonyms by HMAC-SHA256 (RFC 2104). Of an address with an agent, the first half is the address' alone and
 * the second the pair's, 66 bits each, so that all agents of one address can be forgotten without a list of
 * agents. The kind is part of what is hashed: an account that is named like an address is another user.
 */
export function createPseudonyms(keys: readonly Uint8Array[]): Pseudonyms {
  const [newest, ...others] = keys.map(hmacOf);
  if (newest === undefined) throw new RangeError("pseudonyms need at least one key");
  return {
    of: (identity) => pseudonymOf(newest, identity),
    older: (identity) => others.map((hmac) => pseudonymOf(hmac, identity)),
    ofAddress: (address) =>
      [newest, ...others].map((hmac) => half(hmac(`address-agent\0${normalised("address", address)}`))),
    seed: newest("seed\0").readInt32LE(0),
  };
}

type Hmac = (text: string) => Buffer;

/** Two hashes of one call each are faster than an Hmac object a text. */
function hmacOf(key: Uint8Array): Hmac {
  const padded = Buffer.alloc(64);
  padded.set(key.length > 64 ? hash("sha256", key, "buffer") : key);
  const inner = Buffer.concat([padded.map((byte) => byte ^ 0x36), Buffer.alloc(MAX_HASHED_BYTES)]);
  const outer = Buffer.concat([padded.map((byte) => byte ^ 0x5c), Buffer.alloc(32)]);
  return (text) => {
    const length = inner.write(text, 64);
    hash("sha256", inner.subarray(0, 64 + length), "buffer").copy(outer, 64);
    return hash("sha256", outer, "buffer");
  };
}

function pseudonymOf(hmac: Hmac, { by, name, agent }: Identity): string {
  const plain = normalised(by, name);
  if (by !== "address-agent") return hmac(`${by}\0${plain}`).toString("base64url", 0, 16);
  const ofAddress = hmac(`address-agent\0${plain}`);
  // The part of the address' hash that is not shown is the key of the pair's.
  const pair = hash(
    "sha256",
    `${ofAddress.toString("base64", 12)}\0${agent.slice(0, MAX_AGENT_CHARACTERS)}`,
    "base64url",
  );
  return half(ofAddress) + pair.slice(0, HALF_CHARACTERS);
}

function half(digest: Buffer): string {
  return digest.toString("base64url", 0, 9).slice(0, HALF_CHARACTERS);
}

/**
 * The first of several addresses, in lower case; a person who asks to be forgotten may write it otherwise.
 */
function normalised(by: IdentifyBy, name: string): string {
  if (by !== "address" && by !== "address-agent") return name.trim();
  const comma = name.indexOf(",");
  return (comma < 0 ? name : name.slice(0, comma)).trim().toLowerCase();
}
