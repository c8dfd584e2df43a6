import { whyNot } from "../decide/why-not.ts";
import type { DecideInput } from "../model/decide-input.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { recordOf } from "./explain.ts";
import { figure, usd } from "./figures.ts";
import { cycleArgument, wantsJson, wholeOption } from "./options.ts";
import { print, printJson } from "./output.ts";
import { withJournal } from "./with-journal.ts";

/** Why a cycle did not decide for another number of units, and what that number would have cost and missed. */
export async function runWhyNot(call: CommandCall): Promise<number> {
  const units = wholeOption(call, "units");
  if (units === undefined) throw new UserError("why-not: --units N is missing: how many units instead?");
  const number = cycleArgument(call);
  return withJournal(call, "read", (journal) => {
    const { cycle, decision, decideInput, error } = recordOf(journal, number);
    if (decision === null || decideInput === null) {
      throw new UserError(`cycle ${cycle} holds no decision: ${error ?? "it ended before `decide`"}`, 1);
    }
    const answer = whyNot(decideInput as DecideInput, decision, units);
    if (wantsJson(call)) printJson("WhyNot", { cycle, decision: decision.id, ...answer });
    else print(whyNotLines(cycle, answer).join("\n"));
    return EXIT.done;
  });
}

function whyNotLines(cycle: number, answer: ReturnType<typeof whyNot>): readonly string[] {
  const { askedUnits, decidedUnits, obstacles, costUsdPerHour: cost, expectedShortUnits: short } = answer;
  if (askedUnits === decidedUnits) return [`cycle ${cycle} decided for ${askedUnits} units`];
  const extra = answer.extraUsdPerHour;
  return [
    `cycle ${cycle} decided for ${decidedUnits} units, not ${askedUnits}:`,
    ...obstacles.map(({ why, setting }) => {
      const change = setting === null ? "" : ` (${setting})`;
      return `  - ${escapeText(why)}${change}`;
    }),
    `${"units".padEnd(10)} ${"USD/h".padStart(9)}  expected short`,
    `${String(decidedUnits).padEnd(10)} ${usd(cost.decided).padStart(9)}  ${figure(short.decided)} units`,
    `${String(askedUnits).padEnd(10)} ${usd(cost.asked).padStart(9)}  ${figure(short.asked)} units`,
    `with ${askedUnits} units, cost and expected shortage together are ${usd(Math.abs(extra))}/h ` +
      `${extra >= 0 ? "higher" : "lower"}`,
  ];
}
