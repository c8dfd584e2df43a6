import type { BaseInputs, StackInputs } from "../src/model/stack-inputs.ts";
import { baseProgram } from "./local/base-program.ts";
import { tierProgram } from "./local/tier-program.ts";

/** A stack's program: resources in, outputs out. */
export type StackProgram = () => Promise<Record<string, unknown>>;

/** The base stack of the platform that the inputs name. The SDK of a platform is loaded with its program only. */
export function baseProgramOf(inputs: BaseInputs): StackProgram {
  if (inputs.platform === "local") return baseProgram(inputs);
  return async () => (await import("./kubernetes/base.ts")).baseProgram(inputs)();
}

/** The tier stack of the platform that the inputs name. */
export function tierProgramOf(inputs: StackInputs): StackProgram {
  if (inputs.platform === "local") return tierProgram(inputs);
  return async () => (await import("./kubernetes/tiers.ts")).tierProgram(inputs)();
}
