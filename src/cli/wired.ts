import { cacheFolder } from "../config.ts";
import type { CommandCall } from "./command-spec.ts";
import type { WiredParts, WireRequest } from "./context.ts";
import { openLog } from "./open-log.ts";
import { type OpenedSettings, openSettings } from "./open-settings.ts";

type WireChoices = Pick<WireRequest, "readOnly" | "wantsDiff" | "lease"> & {
  readonly logLevel?: "warn" | "info" | "silent";
};

/** Wires the configured service, runs `use`, and closes what was opened however `use` ends. */
export async function withWired(
  call: CommandCall,
  choices: WireChoices,
  use: (wired: WiredParts, opened: OpenedSettings) => Promise<number>,
): Promise<number> {
  const opened = await openSettings(call);
  const { logLevel = "warn", ...wireChoices } = choices;
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
