import { ACTING_COMMANDS } from "./acting-commands.ts";
import { ADVISE_COMMAND } from "./advise-command.ts";
import type { CommandSpec } from "./command-spec.ts";
import { LOOKING_COMMANDS } from "./looking-commands.ts";
import { PROFILE_COMMAND } from "./profile-command.ts";
import { SETUP_COMMANDS } from "./setup-commands.ts";

/** Every command, in the order in which help shows them. */
export const COMMANDS: readonly CommandSpec[] = [
  ...SETUP_COMMANDS,
  ...LOOKING_COMMANDS,
  ADVISE_COMMAND,
  PROFILE_COMMAND,
  ...ACTING_COMMANDS,
];
