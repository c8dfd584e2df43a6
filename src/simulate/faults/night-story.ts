import type { CycleRecord } from "../../model/cycle.ts";
import type { Decision } from "../../model/decision.ts";
import { TIERS } from "../../model/tier.ts";

/** What one cycle saw, decided and did, for people. */
export function cycleStory(record: CycleRecord): readonly string[] {
  const { observation, forecast, decision, apply, verdict } = record;
  const last = forecast?.quantiles.at(-1)?.[0];
  const seen = observation.demandRps === null ? observation.freshness : `${round(observation.demandRps)} rps`;
  const note = observation.note === "" ? "" : ` (${observation.note})`;
  const ahead = last === undefined ? "none" : `q${forecast?.levels.at(-1)} ${round(last)} rps`;
  return [
    `cycle ${record.cycle}: observed ${seen}${note}; forecast ${ahead}`,
    ...(decision === null ? [] : [`  decided ${decisionText(decision)}`]),
    ...(apply === null ? [] : [`  applied plan ${record.planGeneration}: ${applyText(apply)}`]),
    ...(verdict === null ? [] : [`  verified: ${verdict.kind}, ${verdict.note}`]),
    ...(record.error === null ? [] : [`  error ${record.error}`]),
  ];
}

function decisionText({ before, after, outcome, why }: Decision): string {
  const sizes = ({ units, warmUnits }: Decision["after"]) =>
    `${TIERS.map((tier) => units[tier]).join("+")} (${warmUnits} warm)`;
  const how = outcome.kind === "hold" ? `hold, ${outcome.reason}` : "change";
  return `${sizes(before)} -> ${sizes(after)}, ${how}: ${why}`;
}

function applyText(apply: NonNullable<CycleRecord["apply"]>): string {
  switch (apply.kind) {
    case "applied":
      return `applied ${apply.diff.join("; ")}`;
    case "no-change":
      return apply.kind;
    case "awaiting-approval":
      return `awaiting approval of ${apply.planHash}`;
    case "locked":
      return `locked by ${apply.by}`;
    case "policy-violation":
      return `policy violation: ${apply.violations.join("; ")}`;
    case "not-acting":
    case "no-policy-evidence":
    case "stale-plan":
    case "interrupted":
    case "timeout":
    case "failed":
    case "engine-missing":
      return `${apply.kind}: ${apply.reason}`;
  }
}

function round(value: number): string {
  return value >= 1e6 ? value.toExponential(1) : String(Math.round(value * 10) / 10);
}
