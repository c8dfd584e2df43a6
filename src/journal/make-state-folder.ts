import { mkdirSync } from "node:fs";
import { UserError } from "../model/user-error.ts";

/** The state folder, for its owner only. Throws a `UserError` where it cannot be. */
export function makeStateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UserError(
      `state folder ${folder} cannot be made (${reason}): ` +
        "set state.folder or TIERCAST_STATE_FOLDER to a folder that can be written",
      1,
    );
  }
}
