import { planCapacity } from "../capacity/capacity-plan.ts";
import type { CapacityPlan } from "../capacity/plan-values.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { isoTime } from "./instants.ts";
import { wantsJson } from "./options.ts";
import { note, print, printJson } from "./output.ts";
import type { CapacityOptions } from "./plan-capacity-options.ts";
import { capacityRequest } from "./plan-capacity-request.ts";
import { type CapacitySubject, withCapacitySubject } from "./plan-capacity-source.ts";
import { capacityLines } from "./plan-capacity-text.ts";
import { capacityYaml, writeSnippet } from "./plan-capacity-yaml.ts";

/** Plans capacity for the weeks ahead; runs no engine and changes nothing but the file of `--write`. */
export async function runPlanCapacity(call: CommandCall, options: CapacityOptions): Promise<number> {
  return withCapacitySubject(call, options, async (subject) => {
    for (const warning of subject.warnings) note(`warning: ${escapeText(warning)}`);
    const plan = planned(subject, options);
    if (options.write !== undefined) {
      await writeSnippet(options.write, capacityYaml(plan));
      note(`settings written to ${escapeText(options.write)}`);
    }
    if (wantsJson(call)) printPlanJson(plan, subject);
    else print(capacityLines(plan, subject).join("\n"));
    return EXIT.done;
  });
}

function planned(subject: CapacitySubject, options: CapacityOptions): CapacityPlan {
  const { series, timeZone, needUnits, today, source } = subject;
  try {
    return planCapacity(
      capacityRequest({
        series,
        timeZone,
        needUnits,
        horizonMs: options.horizonMs,
        termMs: options.termMs,
        commitUsdPerUnitHour: options.commitUsd ?? today.tiers.baseline.priceUsdPerUnitHour,
        today,
        // Holidays are in the rhythm already, as far as history goes.
        events: subject.events.filter(({ kind }) => !kind.startsWith("holiday:")),
      }),
    );
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${source}: ${error.message}`, error.exitCode);
    throw error;
  }
}

function printPlanJson(plan: CapacityPlan, { service, source, timeZone }: CapacitySubject): void {
  const { cutoffMs, reach, ...rest } = plan;
  printJson("CapacityPlan", {
    service,
    source,
    timeZone,
    cutoff: isoTime(cutoffMs),
    until: isoTime(cutoffMs + reach.horizonMs),
    reach,
    ...rest,
  });
}
