import type { KnownAhead } from "../model/known-ahead.ts";
import { readEventsFile } from "../observe/events-file.ts";
import type { CommandCall } from "./command-spec.ts";
import { textOption } from "./options.ts";

/** What `--events FILE` says is planned; undefined when it is not given. Times without zone are those of `timeZone`. */
export async function eventsOption(
  call: CommandCall,
  place: { readonly timeZone: string; readonly nowMs: number },
): Promise<KnownAhead | undefined> {
  const path = textOption(call, "events");
  if (path === undefined) return undefined;
  return { events: await readEventsFile({ path, ...place }), leading: [] };
}
