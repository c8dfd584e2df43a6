import { makePlan, type PlanOutcome } from "../controller/plan.ts";
import type { EngineFailure, PolicyEvidence, PreviewResult } from "../model/ports.ts";
import { shortDuration } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { type Paint, paintWith, wantsColour } from "./colour.ts";
import type { CommandCall } from "./command-spec.ts";
import { decisionLines } from "./decision-text.ts";
import { escapeColoured, escapeText } from "./escape-text.ts";
import { EXIT, EXIT_CHANGES } from "./exit-codes.ts";
import { flagOption, wantsJson } from "./options.ts";
import { changesText, outcomeCode, outcomeLine } from "./outcome-line.ts";
import { note, print, printJson } from "./output.ts";
import { capacityOptions } from "./plan-capacity-options.ts";
import { withWired } from "./wired.ts";

const NOT_CHECKED = "diff and policies not checked: engine missing";

/** Decides and previews; nothing is recorded or changed. */
export async function runPlan(call: CommandCall): Promise<number> {
  const detailed = flagOption(call, "detailedExitcode");
  try {
    const capacity = capacityOptions(call);
    if (capacity !== undefined)
      return await (await import("./plan-capacity.ts")).runPlanCapacity(call, capacity);
    const code = await planned(call, detailed);
    return code === EXIT.done || code === EXIT_CHANGES || !detailed ? code : EXIT.error;
  } catch (error) {
    // With --detailed-exitcode 2 means "changes": no error may look like it.
    if (detailed && error instanceof UserError) throw new UserError(error.message, EXIT.error);
    throw error;
  }
}

async function planned(call: CommandCall, detailed: boolean): Promise<number> {
  const choices = { lease: "none", wantsDiff: true, readOnly: true, needsDemand: true } as const;
  return withWired(call, choices, async ({ parts }, { environment }) => {
    const outcome = await makePlan(parts, call.context.signal);
    const colour = wantsColour(call, environment, process.stdout);
    if (wantsJson(call)) printPlanJson(outcome);
    else print(planLines(outcome, colour).join("\n"));
    const failure = failureOf(outcome);
    if (failure !== undefined) {
      const code = outcomeCode({ apply: failure, error: null }, flagOption(call, "requireEngine"));
      if (code !== EXIT.done) return detailed ? EXIT.error : code;
    }
    return detailed && changesSomething(outcome) ? EXIT_CHANGES : EXIT.done;
  });
}

function failureOf({ preview }: PlanOutcome): EngineFailure | undefined {
  return preview === null || preview.kind === "previewed" ? undefined : preview;
}

/** What the preview saw; without an engine, what the decision says. */
function changesSomething({ decision, preview }: PlanOutcome): boolean {
  if (preview === null) return false;
  if (preview.kind !== "previewed") return decision.outcome.kind === "change";
  return Object.entries(preview.summary).some(([op, count]) => op !== "same" && count > 0);
}

function printPlanJson(outcome: PlanOutcome): void {
  const { decision, inputs, preview } = outcome;
  const notChecked = preview?.kind === "engine-missing" ? NOT_CHECKED : null;
  printJson("Plan", {
    changes: changesSomething(outcome),
    decision,
    stackInputs: inputs,
    preview,
    notChecked,
  });
  if (notChecked !== null) note(notChecked);
}

function planLines(outcome: PlanOutcome, colour: boolean): readonly string[] {
  const paint = paintWith(colour);
  const head = [...decisionLines(outcome.decision, paint), ""];
  const { preview } = outcome;
  if (preview === null)
    return [...head, "no changes: the stack has these sizes already, no engine run needed"];
  if (preview.kind === "previewed") return [...head, ...previewLines(preview, paint, colour)];
  const inputs = ["stack inputs", ...JSON.stringify(outcome.inputs, null, 2).split("\n").map(escapeText)];
  if (preview.kind === "engine-missing") return [...head, ...inputs, "", NOT_CHECKED];
  return [...head, ...inputs, "", paint("red", outcomeLine({ apply: preview, error: null }))];
}

function previewLines(preview: PreviewResult, paint: Paint, colour: boolean): readonly string[] {
  return [
    escapeColoured(preview.diffText.trimEnd(), colour),
    "",
    `changes    ${changesText(preview.summary)} (previewed in ${shortDuration(preview.engineMs)})`,
    `policies   ${policyText(preview.policy, paint)}`,
  ];
}

function policyText(policy: PolicyEvidence, paint: Paint): string {
  const pack = `${escapeText(policy.pack)} ${escapeText(policy.packVersion)}`;
  if (policy.violations.length > 0)
    return paint("red", `violated: ${policy.violations.map(escapeText).join("; ")}`);
  if (policy.missing.length > 0)
    return paint("red", `no verdict: ${policy.missing.map(escapeText).join("; ")}`);
  return `${paint("green", "passed")}: ${policy.passed} checks by ${pack}`;
}
