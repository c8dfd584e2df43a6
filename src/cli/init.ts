import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { configTemplate, type TemplateRequest } from "../config-template.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { flagOption, textOption, wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";
import { ownFolder } from "./own-version.ts";

/** Writes a commented configuration; a file that is there is only replaced with `--force`. */
export async function runInit(call: CommandCall): Promise<number> {
  const file = resolve(textOption(call, "config") ?? "tiercast.yaml");
  const service = textOption(call, "service") ?? serviceName(dirname(file));
  const timeZone = textOption(call, "timeZone") ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const force = flagOption(call, "force");
  const asked = await askedQuery(call, file, force);
  if (asked === "listed") return EXIT.done;
  const text = configTemplate({ service, timeZone, schema: schemaPath(dirname(file)), ...asked });
  await write(file, text, force);
  if (wantsJson(call)) printJson("Init", { file, service });
  else print(`wrote ${escapeText(file)} for service ${service}: read it, then run \`tiercast validate\``);
  return EXIT.done;
}

/** With `--prometheus`: the query to write, or that only a list was asked for. */
async function askedQuery(
  call: CommandCall,
  file: string,
  force: boolean,
): Promise<Pick<TemplateRequest, "source" | "prometheus"> | "listed"> {
  const url = textOption(call, "prometheus");
  if (url === undefined) {
    if (textOption(call, "query") !== undefined) throw new UserError("--query: needs --prometheus URL");
    return {};
  }
  // Before a server is asked and a person has chosen.
  if (textOption(call, "query") !== undefined && !force && existsSync(file)) throw isThere(file);
  const { chooseQuery } = await import("./init-prometheus.ts");
  const choice = await chooseQuery(call, url);
  return choice.kind === "listed" ? "listed" : { source: "prometheus", prometheus: choice.prometheus };
}

function isThere(file: string): UserError {
  return new UserError(`${file}: is there already (--force replaces it)`);
}

async function write(file: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw code === "EEXIST" ? isThere(file) : new UserError(`${file}: cannot be written (${code})`);
  }
}

/** The folder's name as a service name: `My Shop_2` becomes `my-shop-2`. */
function serviceName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "")
    .slice(0, 40);
  return name === "" ? "my-service" : name;
}

/** Relative, so that the file can move together with its project. */
function schemaPath(folder: string): string {
  const root = ownFolder();
  if (root === undefined) return "tiercast.schema.json";
  const path = relative(folder, fileURLToPath(new URL("schema/tiercast.schema.json", root)));
  return path.startsWith(".") ? path : `./${path}`;
}
