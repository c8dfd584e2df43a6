import type { Command, Option } from "commander";

/** What there is to complete at one place of the command line. */
export interface CompletionNode {
  /** Words that lead here: empty for the root, `["engine", "install"]` for a command of a group. */
  readonly path: readonly string[];
  readonly commands: readonly CompletionWord[];
  readonly options: readonly CompletionOption[];
  /** Fixed values of the argument. */
  readonly argumentChoices: readonly string[];
  /** The argument is a file. */
  readonly takesFile: boolean;
}

export interface CompletionWord {
  readonly name: string;
  readonly summary: string;
}

export interface CompletionOption {
  readonly short: string | undefined;
  readonly long: string;
  readonly summary: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

/** Every node of the tree, the root first; each one has the global options too. */
export function completionTree(program: Command): readonly CompletionNode[] {
  return walk(program, [], program.options.map(toOption));
}

function walk(
  command: Command,
  path: readonly string[],
  globals: readonly CompletionOption[],
): readonly CompletionNode[] {
  const children = command.commands.filter((child) => child.name() !== "help");
  const own = path.length === 0 ? [] : command.options.map(toOption);
  const [argument] = command.registeredArguments;
  const node: CompletionNode = {
    path,
    commands: children.map((child) => ({ name: child.name(), summary: child.description() })),
    options: [...own, ...globals, HELP],
    argumentChoices: argument?.argChoices ?? [],
    takesFile: argument?.name() === "FILE",
  };
  return [node, ...children.flatMap((child) => walk(child, [...path, child.name()], globals))];
}

const HELP: CompletionOption = {
  short: "-h",
  long: "--help",
  summary: "display help for command",
  takesValue: false,
  choices: [],
};

function toOption(option: Option): CompletionOption {
  return {
    short: option.short,
    long: option.long ?? "",
    summary: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  };
}
