import type { EngineFailure, PolicyEvidence, ResourceChange } from "../model/ports.ts";
import type { BaseInputs, StackInputs } from "../model/stack-inputs.ts";
import type { PinnedPack } from "./policy-pack.ts";

/** What an engine run is asked to do; crosses a process border as JSON. */
export interface EngineJob {
  readonly verb: "preview" | "update" | "recover" | "destroy";
  readonly project: string;
  readonly stack: string;
  /** Pulumi backend, e.g. `file:///var/lib/tiercast/backend`. */
  readonly backendUrl: string;
  /** Folder whose `bin/pulumi` is started (a shim that notes its pid); provider and analyzer shims stand there too. */
  readonly pulumiRoot: string;
  /** Folder of this run alone: work, home and temp folders, `pids`. */
  readonly runFolder: string;
  readonly program: EngineProgram;
  readonly policy: PolicyJob | null;
  /** Keep the engine's own diff, in colour, for people. */
  readonly wantsDiff: boolean;
}

export type EngineProgram =
  | { readonly kind: "tier"; readonly inputs: StackInputs }
  | { readonly kind: "base"; readonly inputs: BaseInputs }
  /** Recover and destroy read the state; they run no program. */
  | { readonly kind: "none" };

/** The pinned pack and the configuration file written for this run. */
export interface PolicyJob {
  readonly pack: PinnedPack;
  readonly configFile: string;
}

export type EngineResult =
  | {
      readonly kind: "done";
      readonly changes: readonly ResourceChange[];
      readonly summary: Readonly<Record<string, number>>;
      readonly policy: PolicyEvidence | null;
      readonly diffText: string;
      readonly outputs: Readonly<Record<string, unknown>>;
      readonly mended: readonly string[];
      /** Generation that the stack's state holds after a recovery; 0 without a plan. */
      readonly planGeneration: number;
    }
  | EngineFailure;

/** Child to parent. */
export interface EngineMessage {
  readonly result: EngineResult;
}
