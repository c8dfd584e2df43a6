/** Exit codes, numbered as Pulumi numbers them; never changed in a minor version. See docs/cli.md. */
export const EXIT = {
  done: 0,
  error: 1,
  /** Bad arguments, configuration or input file. */
  badInput: 2,
  auth: 3,
  /** The platform or the engine could not do what the plan asks. */
  resource: 4,
  policy: 5,
  cancelled: 8,
  timeout: 9,
} as const;

/** `plan --detailed-exitcode`: this plan changes something. */
export const EXIT_CHANGES = 2;
