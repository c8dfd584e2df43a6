import { join } from "node:path";
import { openProfiles, profilesExist } from "../journal/profiles.ts";
import type { ActivitySettings } from "../model/activity.ts";
import { UserError } from "../model/user-error.ts";
import { createPseudonyms, type Pseudonyms } from "../observe/activity/pseudonym.ts";
import { KEY_FILE, readKeys } from "../observe/activity/pseudonym-keys.ts";
import type { CommandCall } from "./command-spec.ts";
import { EXIT } from "./exit-codes.ts";
import { openSettings } from "./open-settings.ts";
import { wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";
import { wallTimeMs } from "./wall-time.ts";

const MAX_NAME_BYTES = 4096;

/**
 * Deletes the profiles of one user, whichever of its identifiers is given: as an account, a cookie and an
 * address, of every agent and under every key that is still held. A running daemon drops what it holds in
 * memory when it next looks.
 */
export async function runForget(call: CommandCall): Promise<number> {
  const { settings, environment } = await openSettings(call);
  const { activity, state } = settings;
  if (activity === undefined)
    throw new UserError(
      `${settings.service} reads no activity: there is no profile (set activity)`,
      EXIT.error,
    );
  const name = await nameOf(call.args[0] ?? "");
  if (!profilesExist(state.folder))
    throw new UserError(`no profiles in ${state.folder}: nothing is kept of anyone`, EXIT.error);
  const keys = readKeys({
    privacy: activity.privacy,
    file: activity.privacy.keyFile ?? join(state.folder, KEY_FILE),
    environment,
    nowMs: wallTimeMs(),
    readOnly: true,
  });
  const users = pseudonymsOf(createPseudonyms(keys), activity, name);
  const profiles = openProfiles(state.folder);
  try {
    const deleted = profiles.forget(users, wallTimeMs());
    if (wantsJson(call)) printJson("Forgotten", { profiles: deleted });
    else print(deleted === 0 ? "nothing was kept of this user" : `forgotten: ${deleted} profiles deleted`);
    return EXIT.done;
  } finally {
    profiles.close();
  }
}

/** Under all keys: as each kind of name that users are told by. */
function pseudonymsOf(pseudonyms: Pseudonyms, activity: ActivitySettings, name: string): readonly string[] {
  return activity.identify.by.flatMap((by) => {
    if (by === "address-agent") return pseudonyms.ofAddress(name);
    const identity = { by, name, agent: "" };
    return [pseudonyms.of(identity), ...pseudonyms.older(identity)];
  });
}

/** The argument, or standard input for `-`: an argument is seen by all of the machine's users. */
async function nameOf(argument: string): Promise<string> {
  const name = (argument === "-" ? await firstLine() : argument).trim();
  if (name === "") throw new UserError("USER: is empty (give an account, a cookie value or an address)");
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new UserError(`USER: is longer than ${MAX_NAME_BYTES} bytes`);
  return name;
}

async function firstLine(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > 2 * MAX_NAME_BYTES) break;
  }
  return Buffer.concat(chunks).toString("utf8").split("\n")[0] ?? "";
}
