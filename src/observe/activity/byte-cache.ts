/** From the bytes of a text to what was once made of it, in fixed memory. */
export interface ByteCache<T> {
  /** What `make` made of these bytes, now or before. */
  get(line: Buffer, from: number, to: number): T;
  clear(): void;
}

export interface ByteCacheRequest<T> {
  /** A power of two. */
  readonly slots: number;
  /** Longer keys are made anew each time. */
  readonly maxKeyBytes: number;
  /** Not known to who writes the texts, or they could make all keys share one slot. */
  readonly seed: number;
  make(line: Buffer, from: number, to: number): T;
}

/**
 * A key has two slots that it may be in; the older of the two makes room. No chain, no rehash: a look-up
 * costs its key's length whatever was looked up before.
 */
export function createByteCache<T>({ slots, maxKeyBytes, seed, make }: ByteCacheRequest<T>): ByteCache<T> {
  const keys = Buffer.alloc(slots * maxKeyBytes);
  const lengths = new Int32Array(slots).fill(-1);
  const hashes = new Int32Array(slots);
  const values = new Array<T | undefined>(slots).fill(undefined);
  const mask = slots - 2;
  const isAt = (slot: number, hash: number, line: Buffer, from: number, length: number): boolean => {
    if (hashes[slot] !== hash || lengths[slot] !== length) return false;
    const start = slot * maxKeyBytes;
    for (let i = 0; i < length; i++) if (keys[start + i] !== line[from + i]) return false;
    return true;
  };
  const keep = (slot: number, hash: number, line: Buffer, from: number, length: number, value: T): void => {
    line.copy(keys, slot * maxKeyBytes, from, from + length);
    hashes[slot] = hash;
    lengths[slot] = length;
    values[slot] = value;
  };
  /** The first slot of a pair is the newer one. */
  const moveDown = (slot: number): void => {
    const length = lengths[slot] ?? -1;
    if (length < 0) return;
    const value = values[slot] as T;
    keep(slot + 1, hashes[slot] ?? 0, keys, slot * maxKeyBytes, length, value);
  };
  return {
    get: (line, from, to) => {
      const length = to - from;
      if (length > maxKeyBytes) return make(line, from, to);
      const hash = hashBytes(line, from, to, seed);
      const slot = (hash >>> 7) & mask;
      if (isAt(slot, hash, line, from, length)) return values[slot] as T;
      if (isAt(slot + 1, hash, line, from, length)) return values[slot + 1] as T;
      const value = make(line, from, to);
      moveDown(slot);
      keep(slot, hash, line, from, length, value);
      return value;
    },
    clear: () => {
      lengths.fill(-1);
      values.fill(undefined);
    },
  };
}

/** FNV-1a (Fowler, Noll, Vo) from a seed, mixed at the end (murmur3's finaliser). */
export function hashBytes(line: Buffer, from: number, to: number, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (line[at] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
