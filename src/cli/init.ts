import { writeFile } from "node:fs/promises";
import { basename, dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { configTemplate } from "../config-template.ts";
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
  const text = configTemplate({ service, timeZone, schema: schemaPath(dirname(file)) });
  await write(file, text, flagOption(call, "force"));
  if (wantsJson(call)) printJson("Init", { file, service });
  else print(`wrote ${escapeText(file)} for service ${service}: read it, then run \`tiercast validate\``);
  return EXIT.done;
}

async function write(file: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const reason =
      code === "EEXIST" ? "is there already (--force replaces it)" : `cannot be written (${code})`;
    throw new UserError(`${file}: ${reason}`);
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
