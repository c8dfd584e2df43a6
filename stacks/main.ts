/**
 * The base stack by hand: `eval "$(tiercast engine env)"`, then `pulumi up`. What does not change with load; on the
 * local platform the supervisor with its router, its settings and limits.
 */
import { Config, RunError } from "@pulumi/pulumi";
import type { BaseInputs } from "../src/model/stack-inputs.ts";
import { baseProgramOf } from "./programs.ts";

/** From the stack's configuration (`tiercast:base`), else from `tiercast engine env`, which reads tiercast.yaml. */
function baseInputs(): BaseInputs {
  const configured = new Config("tiercast").getObject<BaseInputs>("base");
  if (configured !== undefined) return configured;
  const text = process.env["TIERCAST_BASE_INPUTS"];
  if (text === undefined || text === "") {
    throw new RunError(
      'the base stack has no inputs: run `eval "$(tiercast engine env)"` in the folder of your tiercast.yaml first',
    );
  }
  return JSON.parse(text) as BaseInputs;
}

export const outputs = baseProgramOf(baseInputs())();
