import { Argument, Command, type CommanderError, Option } from "commander";
import { UserError } from "../model/user-error.ts";
import type { CommandSpec } from "./command-spec.ts";
import { COMMANDS } from "./command-table.ts";
import { escapeText } from "./escape-text.ts";
import { ownVersion } from "./own-version.ts";

export type Dispatch = (
  spec: CommandSpec,
  args: readonly (string | undefined)[],
  options: Readonly<Record<string, unknown>>,
) => Promise<void>;

const GROUPS: Readonly<Record<string, string>> = {
  engine: "The Pulumi engine that tiercast uses.",
};

/** The whole command tree; `dispatch` is called with the command that was chosen. */
export function createProgram(dispatch: Dispatch): Command {
  const program = new Command("tiercast")
    .description("Predictive capacity: forecasts demand, sizes three tiers, applies them through Pulumi.")
    .option("-c, --config <FILE>", "configuration file (default: TIERCAST_CONFIG, else ./tiercast.yaml)")
    .addOption(
      new Option("-o, --output <FORMAT>", "what stdout carries")
        .choices(["table", "json", "csv", "html"])
        .default("table"),
    )
    .option("--no-color", "no colour (also: NO_COLOR, or an output that is no terminal)")
    .addOption(
      new Option("--log-level <LEVEL>", "what stderr carries").choices(["silent", "error", "warn", "info"]),
    )
    .option("--debug", "show where an error comes from")
    .version(ownVersion(), "-V, --version")
    .helpCommand("help [COMMAND]", "show help for a command")
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false });
  const groups = new Map<string, Command>();
  for (const spec of COMMANDS) addCommand(program, groups, spec, dispatch);
  for (const command of [program, ...groups.values(), ...program.commands]) speakPlainly(command);
  return program;
}

/** The words of a mistake in the arguments, on one line; undefined when commander only showed help or a version. */
export function argumentMistake(error: CommanderError): string | undefined {
  if (error.exitCode === 0 || error.code === "commander.help") return undefined;
  return escapeText(error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " "));
}

function addCommand(
  program: Command,
  groups: Map<string, Command>,
  spec: CommandSpec,
  dispatch: Dispatch,
): void {
  const [first = "", second] = spec.name.split(" ");
  const command =
    second === undefined ? program.command(first) : groupOf(program, groups, first).command(second);
  command.description(spec.summary).allowExcessArguments(false);
  const { argument } = spec;
  if (argument !== undefined) {
    const form = argument.name.startsWith("[") ? argument.name : `<${argument.name}>`;
    const added = new Argument(form, argument.summary);
    command.addArgument(argument.choices === undefined ? added : added.choices([...argument.choices]));
  }
  for (const { flags, summary, choices, required } of spec.options ?? []) {
    const option = new Option(flags, summary);
    if (choices !== undefined) option.choices([...choices]);
    if (required) option.makeOptionMandatory();
    command.addOption(option);
  }
  command.addHelpText("after", `\nExample:\n  ${spec.example}\n\nExit codes: ${spec.exitCodes}`);
  command.action(async () => {
    const isList = argument?.name.endsWith("...") === true;
    const args = argument === undefined ? [] : isList ? command.args : [command.args[0]];
    const given = command.optsWithGlobals();
    if (given["output"] === "csv" && !spec.printsCsv)
      throw new UserError(`-o csv: ${spec.name} prints no CSV (use -o json)`);
    if (given["output"] === "html" && !spec.printsHtml)
      throw new UserError(`-o html: ${spec.name} prints no page (use -o json)`);
    await dispatch(spec, args, given);
  });
  speakPlainly(command);
}

function groupOf(program: Command, groups: Map<string, Command>, name: string): Command {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const made = program.command(name).description(GROUPS[name] ?? "");
  groups.set(name, made);
  return made;
}

/** Commander neither ends the process nor writes errors itself: the entry does both. */
function speakPlainly(command: Command): void {
  command
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError();
}
