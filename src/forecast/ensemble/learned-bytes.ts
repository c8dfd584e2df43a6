import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import type { Occurrence } from "../context/event-occurrences.ts";
import { isSound, type LearnedState } from "./learned-state.ts";
import { BUCKET_ENDS_MS, WEIGHT_LEVELS } from "./weights.ts";

/** Rises with every change of `LearnedState`: bytes of another version are not read. */
const FORMAT = 3;

/** All that is kept of one series between two calls. */
export interface SeriesMemory {
  readonly learned: LearnedState;
  /** What events did, seen in history that may be gone by now. */
  readonly occurrences: readonly Occurrence[];
}

interface Packed extends SeriesMemory {
  readonly format: number;
}

/** What is learned of one series as bytes: what travels between threads and outlives a restart. */
export function packMemory({ learned, occurrences }: SeriesMemory): Uint8Array<ArrayBuffer> {
  const packed: Packed = { format: FORMAT, learned, occurrences };
  return new Uint8Array(serialize(packed));
}

/**
 * What is behind `bytes`; undefined for bytes that are damaged, of another format, or hold sums that are not
 * finite: the series then starts cold. Never throws.
 */
export function unpackMemory(bytes: Uint8Array): SeriesMemory | undefined {
  try {
    const { format, learned, occurrences } = deserialize(bytes) as Packed;
    if (format !== FORMAT || !Array.isArray(occurrences)) return undefined;
    return hasShape(learned) && isSound(learned) ? { learned, occurrences } : undefined;
  } catch {
    return undefined;
  }
}

/** First bytes of learned state on disk, before its checksum. */
const MAGIC = 0x54434c31;
const HEADER_BYTES = 8;

/** Packed state with a checksum, for keeping. */
export function sealLearned(packed: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(HEADER_BYTES + packed.length);
  const header = new DataView(sealed.buffer);
  header.setUint32(0, MAGIC);
  header.setUint32(4, crc32(packed));
  sealed.set(packed, HEADER_BYTES);
  return sealed;
}

/** The packed state behind sealed bytes; undefined when they are not whole or not readable. Never throws. */
export function openSealed(sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length <= HEADER_BYTES) return undefined;
  const header = new DataView(sealed.buffer, sealed.byteOffset, HEADER_BYTES);
  const packed = sealed.slice(HEADER_BYTES);
  if (header.getUint32(0) !== MAGIC || header.getUint32(4) !== crc32(packed)) return undefined;
  return unpackMemory(packed) === undefined ? undefined : packed;
}

function hasShape(state: LearnedState): boolean {
  return (
    typeof state.basis === "string" &&
    Array.isArray(state.pending) &&
    Array.isArray(state.recent) &&
    Array.isArray(state.calibrations) &&
    state.guard.own.length === BUCKET_ENDS_MS.length &&
    state.losses.own.length === state.losses.count.length * WEIGHT_LEVELS.length &&
    Object.values(state.fits).every((fit) => typeof fit.version === "number")
  );
}
