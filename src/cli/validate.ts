import { checkTenancy } from "../config/check-tenancy.ts";
import { loadSettings, processEnvironment } from "../config.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { textOption, wantsJson } from "./options.ts";
import { note, print, printJson } from "./output.ts";

/** Says whether the configuration is sound; what is wrong comes as one `UserError` that names each place. */
export async function runValidate(call: CommandCall): Promise<number> {
  const path = call.args[0] ?? textOption(call, "config");
  const asWritten = await loadSettings({ path, environment: processEnvironment() });
  const loaded = { ...asWritten, warnings: [...asWritten.warnings, ...checkTenancy(asWritten.settings)] };
  if (wantsJson(call)) {
    printJson("Validation", { file: loaded.path, warnings: loaded.warnings, settings: loaded.settings });
    return EXIT.done;
  }
  for (const warning of loaded.warnings) note(`warning: ${escapeText(warning)}`);
  const count = loaded.warnings.length;
  print(
    `${escapeText(loaded.path)}: valid${count === 0 ? "" : `, ${count} warning${count === 1 ? "" : "s"}`}`,
  );
  return EXIT.done;
}
