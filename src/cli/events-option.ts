import type { KnownAhead } from "../model/known-ahead.ts";
import type { CommandCall } from "./command-spec.ts";

/** What `--events FILE` says is planned; undefined when it is not given. */
export async function eventsOption(
  _call: CommandCall,
  _place: { readonly timeZone: string },
): Promise<KnownAhead | undefined> {
  return undefined;
}
