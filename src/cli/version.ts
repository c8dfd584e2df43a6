import type { CommandCall } from "./command-spec.ts";
import { EXIT } from "./exit-codes.ts";
import { wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";
import { ownVersion } from "./own-version.ts";

export async function runVersion(call: CommandCall): Promise<number> {
  const version = ownVersion();
  if (wantsJson(call)) printJson("Version", { version, node: process.versions.node });
  else print(version);
  return EXIT.done;
}
