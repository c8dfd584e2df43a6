import { parseDurationSetting } from "../config.ts";
import type { DurationMs } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { type DisturbanceSettings, NO_DISTURBANCE } from "../simulate/disturbances.ts";
import type { CommandCall } from "./command-spec.ts";
import { numberOption, textOption, wholeOption } from "./options.ts";

/** How far `simulate` leaves its ideal world; a delay counts in whole steps of the trace, rounded up. */
export function disturbanceOptions(call: CommandCall, stepMs: DurationMs): DisturbanceSettings {
  const delayText = textOption(call, "metricDelay");
  const delayMs = delayText === undefined ? 0 : parseDurationSetting(delayText, "--metric-delay");
  return {
    seed: wholeOption(call, "seed") ?? NO_DISTURBANCE.seed,
    leadSigma: boundedOption(call, { name: "leadSigma", flag: "--lead-sigma", most: 2 }),
    failedUpdateShare: boundedOption(call, { name: "failUpdates", flag: "--fail-updates", most: 0.9 }),
    metricDelaySteps: Math.ceil(delayMs / stepMs - 1e-9),
    lostSampleShare: boundedOption(call, { name: "metricLoss", flag: "--metric-loss", most: 0.9 }),
  };
}

/** A number from 0 to `most`; 0 where it is not given. */
function boundedOption(
  call: CommandCall,
  option: { readonly name: string; readonly flag: string; readonly most: number },
): number {
  const { name, flag, most } = option;
  const text = textOption(call, name);
  if (text === undefined || /^0(\.0*)?$/.test(text)) return 0;
  const value = numberOption(call, name) ?? 0;
  if (value > most) throw new UserError(`${flag} ${text}: give a number from 0 to ${most}`);
  return value;
}
