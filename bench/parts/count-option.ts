import { UserError } from "../../src/model/user-error.ts";

/** A whole number of at least `least` from `--name VALUE`. Throws a `UserError`. */
export function countOption(name: string, text: string, least = 1): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= least && text.trim() !== "") return count;
  throw new UserError(`--${name}: must be a whole number of at least ${least}, not ${text}`);
}
