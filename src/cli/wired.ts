import { checkTenancy } from "../config/check-tenancy.ts";
import { cacheFolder } from "../config.ts";
import type { Settings } from "../model/settings.ts";
import type { CommandCall } from "./command-spec.ts";
import type { WiredParts, WireRequest } from "./context.ts";
import { escapeText } from "./escape-text.ts";
import { checkFirstDemand } from "./first-demand.ts";
import { openLog } from "./open-log.ts";
import { type OpenedSettings, openSettings } from "./open-settings.ts";
import { note } from "./output.ts";

type WireChoices = Pick<WireRequest, "readOnly" | "wantsDiff" | "lease"> & {
  readonly logLevel?: "warn" | "info" | "silent";
  /** Before the first cycle a demand file must be readable: see `checkFirstDemand`. */
  readonly needsDemand?: boolean;
  /** What the command's flags change of the settings. */
  readonly adjust?: (settings: Settings) => Settings;
};

/** Wires the configured service, runs `use`, and closes what was opened however `use` ends. */
export async function withWired(
  call: CommandCall,
  choices: WireChoices,
  use: (wired: WiredParts, opened: OpenedSettings) => Promise<number>,
): Promise<number> {
  const { logLevel = "warn", needsDemand = false, adjust, ...wireChoices } = choices;
  const asWritten = await openSettings(call);
  const opened = adjust === undefined ? asWritten : { ...asWritten, settings: adjust(asWritten.settings) };
  if (needsDemand) await checkFirstDemand(opened.settings);
  if (needsDemand) for (const line of checkTenancy(opened.settings)) note(`warning: ${escapeText(line)}`);
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
