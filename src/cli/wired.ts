import { cacheFolder } from "../config.ts";
import type { CommandCall } from "./command-spec.ts";
import type { WiredParts, WireRequest } from "./context.ts";
import { checkFirstDemand } from "./first-demand.ts";
import { openLog } from "./open-log.ts";
import { type OpenedSettings, openSettings } from "./open-settings.ts";

type WireChoices = Pick<WireRequest, "readOnly" | "wantsDiff" | "lease"> & {
  readonly logLevel?: "warn" | "info" | "silent";
  /** Before the first cycle a demand file must be readable: see `checkFirstDemand`. */
  readonly needsDemand?: boolean;
};

/** Wires the configured service, runs `use`, and closes what was opened however `use` ends. */
export async function withWired(
  call: CommandCall,
  choices: WireChoices,
  use: (wired: WiredParts, opened: OpenedSettings) => Promise<number>,
): Promise<number> {
  const opened = await openSettings(call);
  const { logLevel = "warn", needsDemand = false, ...wireChoices } = choices;
  if (needsDemand) await checkFirstDemand(opened.settings);
  const wired = await call.context.wire({
    settings: opened.settings,
    environment: opened.environment,
    cacheFolder: cacheFolder(opened.environment),
    log: openLog(call, logLevel),
    ...wireChoices,
  });
  try {
    return await use(wired, opened);
  } finally {
    await wired.close();
  }
}
