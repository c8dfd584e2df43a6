import type { Command } from "commander";
import type { CliContext } from "./context.ts";

/** What a command is given: its arguments in order, its options and the global ones by their long names. */
export interface CommandCall {
  readonly args: readonly (string | undefined)[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly context: CliContext;
  /** The whole command tree, for completion. */
  readonly program: Command;
}

/** Returns the exit code. */
export type RunCommand = (call: CommandCall) => Promise<number>;

export interface OptionSpec {
  /** As commander reads them: `-k, --key <VALUE>`. */
  readonly flags: string;
  readonly summary: string;
  readonly choices?: readonly string[];
  readonly required?: true;
}

/** One command as data: help, completion and docs come from it without loading what the command needs. */
export interface CommandSpec {
  /** `engine install` is a command under `engine`. */
  readonly name: string;
  /** `FILE` is required, `[FILE]` is not, `FILE...` is one or more. */
  readonly argument?: {
    readonly name: string;
    readonly summary: string;
    readonly choices?: readonly string[];
  };
  readonly summary: string;
  readonly options?: readonly OptionSpec[];
  /** `-o csv` is for this command too. */
  readonly printsCsv?: true;
  /** `-o html` too: a page of one file. */
  readonly printsHtml?: true;
  readonly example: string;
  readonly exitCodes: string;
  readonly load: () => Promise<RunCommand>;
}
