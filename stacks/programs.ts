import type { BaseInputs, StackInputs } from "../src/model/stack-inputs.ts";
import { baseProgram } from "./local/base-program.ts";
import { tierProgram } from "./local/tier-program.ts";

/** A stack's program: resources in, outputs out. */
export type StackProgram = () => Promise<Record<string, unknown>>;

/** The base stack of the platform that the inputs name. */
export function baseProgramOf(inputs: BaseInputs): StackProgram {
  if (inputs.platform === "local") return baseProgram(inputs);
  throw new Error("the base stack of platform kubernetes is not there yet");
}

/** The tier stack of the platform that the inputs name. */
export function tierProgramOf(inputs: StackInputs): StackProgram {
  if (inputs.kubernetes === undefined) return tierProgram(inputs);
  throw new Error("the tier stack of platform kubernetes is not there yet");
}
