import { hash32 } from "./hash.ts";

/** HyperLogLog: 2^precision registers of one byte. */
export interface DistinctCount {
  readonly precision: number;
  readonly registers: Uint8Array;
}

/** Standard error 1.04 / sqrt(2^precision) (Flajolet et al. 2007): 1.6 % at 12 (4 kB), 0.8 % at 14 (16 kB). */
export function newDistinctCount(precision = 12): DistinctCount {
  return { precision, registers: new Uint8Array(2 ** precision) };
}

export function addDistinct({ precision, registers }: DistinctCount, key: string): void {
  const hash = hash32(key, 7);
  const register = hash >>> (32 - precision);
  // The bits that chose the register are shifted out; the stop bit bounds the run of zeros.
  const rest = ((hash << precision) | (1 << (precision - 1))) >>> 0;
  const rank = Math.clz32(rest) + 1;
  if (rank > (registers[register] ?? 0)) registers[register] = rank;
}

export function distinctCount({ registers }: DistinctCount): number {
  const m = registers.length;
  let sum = 0;
  let empty = 0;
  for (const rank of registers) {
    sum += 2 ** -rank;
    if (rank === 0) empty++;
  }
  const raw = ((0.7213 / (1 + 1.079 / m)) * m * m) / sum;
  if (raw <= 2.5 * m && empty > 0) return m * Math.log(m / empty);
  // Above that, collisions of the 32-bit hash itself count.
  const space = 2 ** 32;
  return raw <= space / 30 ? raw : -space * Math.log(1 - raw / space);
}

export function distinctError({ registers }: DistinctCount): number {
  return 1.04 / Math.sqrt(registers.length);
}
