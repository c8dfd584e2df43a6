import { existsSync } from "node:fs";
import { type DoctorCheck, runDoctor as examine } from "../apply/doctor.ts";
import { cacheFolder, processEnvironment, stateFolder } from "../config.ts";
import type { Settings } from "../model/settings.ts";
import { type Paint, paintWith, wantsColour } from "./colour.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { openSettings } from "./open-settings.ts";
import { textOption, wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";
import { wallTimeMs } from "./wall-time.ts";

/** Tries what tiercast needs of this machine; a configuration is used when there is one. */
export async function runDoctor(call: CommandCall): Promise<number> {
  const environment = processEnvironment();
  const settings = await configured(call, environment);
  const checks = await examine({
    cacheFolder: cacheFolder(environment),
    stateFolder: settings?.state.folder ?? stateFolder(environment),
    pathVariable: environment["PATH"] ?? "",
    environment,
    nodePath: process.execPath,
    nodeVersion: process.version,
    nowMs: wallTimeMs,
    ...(settings?.policies.pack === undefined ? {} : { policyPackFolder: settings.policies.pack }),
  });
  const failed = checks.some((check) => check.ok === "fail");
  if (wantsJson(call)) printJson("Doctor", { ok: !failed, checks });
  else print(doctorLines(checks, paintWith(wantsColour(call, environment, process.stdout))).join("\n"));
  return failed ? EXIT.error : EXIT.done;
}

/** A file that is named or there has to be sound; without one the machine alone is looked at. */
async function configured(
  call: CommandCall,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Settings | undefined> {
  const named = textOption(call, "config") ?? environment["TIERCAST_CONFIG"];
  if (named === undefined && !existsSync("tiercast.yaml")) return undefined;
  return (await openSettings(call)).settings;
}

const SIGNS = { ok: ["green", "ok  "], warn: ["yellow", "warn"], fail: ["red", "FAIL"] } as const;

function doctorLines(checks: readonly DoctorCheck[], paint: Paint): readonly string[] {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks.flatMap(({ name, ok, detail, fix }) => {
    const [style, sign] = SIGNS[ok];
    const line = `${paint(style, sign)}  ${name.padEnd(width)}  ${escapeText(detail)}`;
    return fix === "" ? [line] : [line, `${" ".repeat(width + 8)}-> ${escapeText(fix)}`];
  });
}
