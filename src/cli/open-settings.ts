import { type LoadedSettings, loadSettings, processEnvironment } from "../config.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { textOption } from "./options.ts";
import { note } from "./output.ts";

export interface OpenedSettings extends LoadedSettings {
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The configuration that `--config`, the environment or the working folder names; warnings go to stderr. */
export async function openSettings(call: CommandCall): Promise<OpenedSettings> {
  const environment = processEnvironment();
  const loaded = await loadSettings({ path: textOption(call, "config"), environment });
  for (const warning of loaded.warnings) note(`warning: ${escapeText(warning)}`);
  return { ...loaded, environment };
}
