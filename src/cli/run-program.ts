import { type Command, CommanderError } from "commander";
import type { CliContext } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import { note } from "./output.ts";
import { argumentMistake, type Dispatch } from "./program.ts";

/** Parses `argv`, runs the command it names and returns the exit code. What the command throws goes on. */
export async function runProgram(
  createProgram: (dispatch: Dispatch) => Command,
  argv: readonly string[],
  context: CliContext,
): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = createProgram(async (spec, args, options) => {
    const run = await spec.load();
    exitCode = await run({ args, options, context, program });
  });
  if (argv.length === 0) {
    program.outputHelp();
    return EXIT.done;
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const mistake = argumentMistake(error);
    if (mistake === undefined) return error.code === "commander.help" ? EXIT.badInput : EXIT.done;
    note(`tiercast: ${mistake} (\`tiercast help\` lists what there is)`);
    // With it, 2 means "changes": no error may look like it.
    return argv.includes("--detailed-exitcode") ? EXIT.error : EXIT.badInput;
  }
  return exitCode;
}
