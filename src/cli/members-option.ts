import { MEMBERS } from "../forecast/registry.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";
import { textOption } from "./options.ts";

export function allMembers(): readonly string[] {
  return MEMBERS.map((member) => member.name);
}

/** The members of `--members`, checked; undefined when it is not given. */
export function membersOption(call: CommandCall): readonly string[] | undefined {
  const text = textOption(call, "members");
  if (text === undefined) return undefined;
  const known = allMembers();
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UserError(`--members: "${unknown}" is none of ${known.join(", ")}`);
  return names;
}
