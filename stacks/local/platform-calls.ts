import { ControlRefused, callControl } from "../../src/local/control-client.ts";
import { mayBeAlive } from "../../src/local/endpoint-file.ts";
import type { Props } from "./input-rules.ts";
import type { RunMemory } from "./resource-kind.ts";

/** What the platform holds under `path`; undefined when it answers that there is nothing. */
export async function readOrGone(endpointFile: string, path: string): Promise<Props | undefined> {
  try {
    return (await callControl(endpointFile, "GET", path)) as Props;
  } catch (error) {
    if (error instanceof ControlRefused && error.status === 404) return undefined;
    throw error;
  }
}

/** Deletes; what was in a supervisor that is provably dead is gone with it. One that may live must answer. */
export async function removeOrGone(endpointFile: string, path: string): Promise<void> {
  if (mayBeAlive(endpointFile)) await callControl(endpointFile, "DELETE", path);
}

/** Generation to write sizes under: that of the Plan checked earlier in this engine run. */
export function planGenerationOf(memory: RunMemory, endpointFile: string): number {
  const planGeneration = memory.planGenerations.get(endpointFile);
  if (planGeneration !== undefined) return planGeneration;
  throw new Error("sizes come without a plan: let the tier depend on the Plan of the same endpointFile");
}
