import { ENGINE_VERSION, findEngine } from "../apply/engine.ts";
import { cacheFolder, processEnvironment } from "../config.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";

/** Which engine would be used; exit 1 when there is none. */
export async function runEngineStatus(call: CommandCall): Promise<number> {
  const environment = processEnvironment();
  const engine = await findEngine({
    cacheFolder: cacheFolder(environment),
    pathVariable: environment["PATH"] ?? "",
    environment,
  });
  if (wantsJson(call)) printJson("EngineStatus", { wantedVersion: ENGINE_VERSION, engine: engine ?? null });
  else if (engine === undefined)
    print(`no Pulumi engine ${ENGINE_VERSION} on PATH or in the cache: run \`tiercast engine install\``);
  else {
    const host = engine.languageHostFolder ?? "none (`pulumi up` by hand will not work; tiercast does)";
    print(`Pulumi ${engine.version} (${engine.origin}): ${escapeText(engine.pulumiPath)}`);
    print(`language host: ${escapeText(host)}`);
  }
  return engine === undefined ? EXIT.error : EXIT.done;
}
