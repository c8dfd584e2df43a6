import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";
import { textOption } from "./options.ts";

/** The IANA zone of `--time-zone` by its own name; undefined when it is not given. */
export function zoneOption(call: CommandCall): string | undefined {
  const timeZone = textOption(call, "timeZone");
  if (timeZone === undefined) return undefined;
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone }).resolvedOptions().timeZone;
  } catch {
    throw new UserError(`--time-zone: "${timeZone}" is no IANA time zone (like Europe/Berlin)`);
  }
}
