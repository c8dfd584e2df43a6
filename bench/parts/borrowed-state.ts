import {
  openSealed,
  packMemory,
  sealLearned,
  unpackMemory,
} from "../../src/forecast/ensemble/learned-bytes.ts";
import { lastDueMs, type RefitPlan } from "../../src/forecast/ensemble/refits.ts";
import type { MemberCost } from "../../src/forecast/forecaster.ts";
import { MEMBERS } from "../../src/forecast/registry.ts";
import { randomStream } from "./made-histories.ts";

/** Fits by cost class. */
export type FitCounts = Record<MemberCost, number>;

/**
 * Sealed state of one series as another's: each fit dated when the plan of its new owner had it due last, so that
 * the refits to come are spread as they would be after weeks. Undefined for bytes that cannot be read.
 */
export function borrowedState(sealed: Uint8Array, plan: RefitPlan): Uint8Array | undefined {
  const memory = memoryIn(sealed);
  if (memory === undefined) return undefined;
  const { learned, occurrences } = memory;
  for (const member of MEMBERS) {
    const fit = learned.fits[member.name];
    if (fit === undefined) continue;
    learned.fits[member.name] = { ...fit, triedMs: lastDueMs(plan, member, learned.lastMs) };
  }
  return sealLearned(packMemory({ learned, occurrences }));
}

/** Adds each member's last fit to what `countsAt` gives for its instant. */
export function countFits(
  sealed: Uint8Array | undefined,
  countsAt: (atMs: number) => FitCounts | undefined,
): void {
  const fits = sealed === undefined ? {} : memoryIn(sealed)?.learned.fits;
  for (const { name, cost } of MEMBERS) {
    const counts = countsAt(fits?.[name]?.triedMs ?? Number.NaN);
    if (counts !== undefined) counts[cost]++;
  }
}

/** `values` with noise of their own, at most `share` of each up or down; gaps stay. The same for the same seed. */
export function withOwnNoise(values: Float64Array, share: number, seed: number): Float64Array {
  const random = randomStream(seed);
  return values.map((value) => value * (1 + share * (2 * random() - 1)));
}

function memoryIn(sealed: Uint8Array): ReturnType<typeof unpackMemory> {
  const packed = openSealed(sealed);
  return packed === undefined ? undefined : unpackMemory(packed);
}
