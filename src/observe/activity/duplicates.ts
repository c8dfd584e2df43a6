import { hashBytes } from "./byte-cache.ts";

const PROBES = 8;

/**
 * Remembers what came lately, by 64 bits of a keyed hash: at least the last `capacity` texts, at most twice
 * as many, in fixed memory. That one of a million different texts is taken for a repeated one happens once in
 * some 10^8 runs.
 */
export function createDuplicates(capacity: number, seed: number) {
  const slots = 2 ** Math.ceil(Math.log2(2 * capacity));
  let newer = new Int32Array(2 * slots);
  let older = new Int32Array(2 * slots);
  let count = 0;
  return {
    /** Whether these bytes came before; from now on they did. */
    isRepeated: (line: Buffer, from: number, to: number): boolean => {
      const high = hashBytes(line, from, to, seed) || 1;
      const low = hashBytes(line, from, to, seed ^ 0x5bd1e995);
      if (holds(older, high, low) || holds(newer, high, low)) return true;
      put(newer, high, low);
      if (++count >= capacity) {
        [newer, older] = [older, newer];
        newer.fill(0);
        count = 0;
      }
      return false;
    },
  };
}

function holds(table: Int32Array, high: number, low: number): boolean {
  const mask = table.length - 1;
  for (let probe = 0; probe < PROBES; probe++) {
    const at = (high + 2 * probe) & mask & ~1;
    if (table[at] === high && table[at + 1] === low) return true;
    if (table[at] === 0) return false;
  }
  return false;
}

/** Into the first free place; where all are taken, the first is given up. */
function put(table: Int32Array, high: number, low: number): void {
  const mask = table.length - 1;
  let place = high & mask & ~1;
  for (let probe = 0; probe < PROBES; probe++) {
    const at = (high + 2 * probe) & mask & ~1;
    if (table[at] !== 0) continue;
    place = at;
    break;
  }
  table[place] = high;
  table[place + 1] = low;
}
