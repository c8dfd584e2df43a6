/**
 * A mistake of the user's, or a state of the machine that only they can mend: what, where, how to mend, in one
 * line. Printed without a stack trace; the exit code is 2 for bad input or configuration, else 1.
 */
export class UserError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 2) {
    super(message);
    this.name = "UserError";
    this.exitCode = exitCode;
  }
}
