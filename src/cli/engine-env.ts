import { existsSync } from "node:fs";
import { join } from "node:path";
import { openBackend, passphraseFile } from "../apply/backend.ts";
import { findEngine } from "../apply/engine.ts";
import { type EngineEnvironment, engineEnvironment, exportLines, writeShims } from "../apply/shims.ts";
import { cacheFolder, processEnvironment } from "../config.ts";
import { UserError } from "../model/user-error.ts";
import { baseInputs } from "../render/base-inputs.ts";
import type { CommandCall } from "./command-spec.ts";
import { EXIT } from "./exit-codes.ts";
import { openSettings } from "./open-settings.ts";
import { textOption, wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";

/** What gives a shell the same `pulumi`; with a configuration also its backend and passphrase. */
export async function runEngineEnv(call: CommandCall): Promise<number> {
  const environment = processEnvironment();
  const engine = await findEngine({
    cacheFolder: cacheFolder(environment),
    pathVariable: environment["PATH"] ?? "",
    environment,
  });
  if (engine === undefined)
    throw new UserError("no Pulumi engine: run `tiercast engine install`", EXIT.error);
  const shims = await writeShims({
    folder: join(cacheFolder(environment), "shims"),
    pulumiPath: engine.pulumiPath,
    nodePath: process.execPath,
  });
  const base = engineEnvironment(engine, shims);
  const whole = { ...base, variables: { ...base.variables, ...(await stateVariables(call, environment)) } };
  if (wantsJson(call)) printJson("EngineEnvironment", whole);
  else print((textOption(call, "shell") === "fish" ? fishLines(whole) : exportLines(whole)).join("\n"));
  return EXIT.done;
}

async function stateVariables(
  call: CommandCall,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Readonly<Record<string, string>>> {
  const named = textOption(call, "config") ?? environment["TIERCAST_CONFIG"];
  if (named === undefined && !existsSync("tiercast.yaml")) return {};
  const { settings, path } = await openSettings(call);
  const { endpointFile, supervisorLog } = await call.context.stateFiles(settings);
  return {
    PULUMI_BACKEND_URL: await openBackend(settings.pulumi.backend, settings.state.folder),
    PULUMI_CONFIG_PASSPHRASE_FILE: await passphraseFile(
      settings.pulumi.passphraseFile,
      settings.state.folder,
    ),
    TIERCAST_CONFIG: path,
    TIERCAST_BASE_INPUTS: JSON.stringify(baseInputs(settings, { endpointFile, logFile: supervisorLog })),
  };
}

function fishLines({ pathFolders, variables }: EngineEnvironment): readonly string[] {
  return [
    `set -gx PATH ${pathFolders.map(fishQuote).join(" ")} $PATH`,
    ...Object.entries(variables).map(([name, value]) => `set -gx ${name} ${fishQuote(value)}`),
  ];
}

/** In fish's single quotes only `\` and `'` are special. */
function fishQuote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
