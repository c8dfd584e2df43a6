import type { EngineFailure, PolicyEvidence, ResourceChange } from "../model/ports.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import { TIERS, type Tier, type TierUnits, totalUnits } from "../model/tier.ts";
import type { StackRules, StackTroubles } from "./simulated-stack.ts";

const POLICY_CHECKS = 12;

/** What the stack's own state says, which plans are compared with. */
export interface JudgedState {
  readonly units: TierUnits;
  readonly warm: { readonly units: number };
  readonly planGeneration: number;
}

export const EVIDENCE: PolicyEvidence = {
  pack: "simulated",
  packHash: "",
  packVersion: "0",
  passed: POLICY_CHECKS,
  violations: [],
  missing: [],
};

/** The limits once more, judged against the stack's own state as the real pack judges them. */
export function policyVerdict(
  troubles: StackTroubles,
  state: JudgedState,
  limits: StackRules,
  inputs: StackInputs,
): EngineFailure | undefined {
  if (troubles.noEvidence) return { kind: "no-policy-evidence", reason: "the engine did not run the pack" };
  const violations = violationsOf(troubles, state, limits, inputs);
  return violations.length === 0 ? undefined : { kind: "policy-violation", violations };
}

function violationsOf(
  troubles: StackTroubles,
  state: JudgedState,
  limits: StackRules,
  inputs: StackInputs,
): readonly string[] {
  const units = unitsOf(inputs);
  const total = totalUnits(units);
  const violations: string[] = [];
  const most = Math.min(limits.maxTotalUnits, troubles.policyMaxTotalUnits);
  if (total > most && !isComingDown(units, state.units))
    violations.push(`total-units-max: ${total} units in total, at most ${most} are allowed`);
  if (units.baseline < limits.minBaselineUnits)
    violations.push(`baseline-min: baseline of ${units.baseline}`);
  for (const tier of TIERS) {
    const growth = units[tier] - state.units[tier];
    if (-growth > limits.maxStepDownUnits) violations.push(`step-down-max: ${tier} shrinks by ${-growth}`);
    const isStep = growth > limits.maxStepUpUnits && state.planGeneration > 0;
    if (isStep && total > inputs.observedUnits) violations.push(`step-up-max: ${tier} grows by ${growth}`);
  }
  return violations;
}

/** Sizes that are above a limit already may come down to it in steps. */
function isComingDown(units: TierUnits, before: TierUnits): boolean {
  return TIERS.every((tier) => units[tier] <= before[tier]) && totalUnits(units) < totalUnits(before);
}

export function changesTo(state: JudgedState, inputs: StackInputs): readonly ResourceChange[] {
  const changes = TIERS.filter((tier) => inputs.tiers[tier].units !== state.units[tier]).map((tier) => ({
    op: "update",
    type: "tiercast:local:Tier",
    name: tier,
    diff: [{ property: "units", before: String(state.units[tier]), after: String(inputs.tiers[tier].units) }],
  }));
  if (inputs.warm.units === state.warm.units) return changes;
  const diff = [{ property: "units", before: String(state.warm.units), after: String(inputs.warm.units) }];
  return [...changes, { op: "update", type: "tiercast:local:WarmPool", name: "warm", diff }];
}

export function unitsOf(inputs: StackInputs): TierUnits {
  const units = (tier: Tier) => inputs.tiers[tier].units;
  return { baseline: units("baseline"), predictive: units("predictive"), burst: units("burst") };
}
