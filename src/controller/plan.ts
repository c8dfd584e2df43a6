import type { CycleRecord } from "../model/cycle.ts";
import type { Decision } from "../model/decision.ts";
import type { EngineFailure, PreviewResult } from "../model/ports.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import { UserError } from "../model/user-error.ts";
import { runCycle } from "./cycle.ts";
import type { ControllerParts } from "./parts.ts";
import { isSamePlan } from "./same-plan.ts";
import { lookingOnly } from "./share.ts";
import { loadState } from "./state.ts";

/** A plan that nobody carries out. */
export interface PlanOutcome {
  readonly record: CycleRecord;
  readonly decision: Decision;
  readonly inputs: StackInputs;
  /** The stack would be given other inputs than it has. */
  readonly differs: boolean;
  /** null: equal inputs, so there is nothing to preview. */
  readonly preview: PreviewResult | EngineFailure | null;
}

/**
 * Observes, forecasts, decides, renders and previews; changes neither the platform nor the journal. The plan's
 * number is the next one, but it is not taken.
 */
export async function makePlan(parts: ControllerParts, signal: AbortSignal): Promise<PlanOutcome> {
  const state = loadState(parts);
  const dry: ControllerParts = {
    ...parts,
    journal: withoutWrites(parts.journal),
    ...(parts.tenancy === undefined ? {} : { tenancy: lookingOnly(parts.tenancy) }),
  };
  const record = await runCycle(dry, state, { stopAfter: "render", signal });
  if (record.error !== null) throw new UserError(`no plan: ${record.error}`, 1);
  const { decision, stackInputs: inputs } = record;
  if (decision === null || inputs === null)
    throw new UserError("no plan: the cycle ended before `render`", 1);
  const differs = !isSamePlan(state.applied, inputs);
  const preview = differs ? await parts.driver.preview(inputs, signal) : null;
  return { record, decision, inputs, differs, preview };
}

type PlanJournal = ControllerParts["journal"];

/** Reads pass, writes do nothing; a plan number is read ahead without being used up. */
function withoutWrites(journal: PlanJournal): PlanJournal {
  let seen = 0;
  return {
    ...journal,
    appendCycle: () => undefined,
    appendDemand: () => undefined,
    setState: () => undefined,
    raisePlanGeneration: (generation) => {
      seen = Math.max(seen, generation);
    },
    nextPlanGeneration: () => Math.max(seen, journal.planGeneration()) + 1,
  };
}
