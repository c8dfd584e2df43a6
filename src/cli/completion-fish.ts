import type { CompletionNode, CompletionOption } from "./completion-tree.ts";

/** One `complete` line per command, option and choice. */
export function fishCompletion(tree: readonly CompletionNode[]): string {
  return ["# fish completion for tiercast", "complete -c tiercast -f", ...tree.flatMap(nodeLines), ""].join(
    "\n",
  );
}

function nodeLines(node: CompletionNode): readonly string[] {
  const when = condition(node);
  const start = `complete -c tiercast -n ${quoted(when)}`;
  const words = node.commands.map(({ name, summary }) => `${start} -a ${name} -d ${quoted(summary)}`);
  const choices = node.argumentChoices.map((choice) => `${start} -a ${choice}`);
  const files = node.takesFile ? [`${start} -F`] : [];
  return [...words, ...choices, ...files, ...node.options.map((option) => optionLine(start, option))];
}

function optionLine(start: string, { short, long, summary, takesValue, choices }: CompletionOption): string {
  const names = `${short === undefined ? "" : ` -s ${short.slice(1)}`} -l ${long.slice(2)}`;
  const value = choices.length > 0 ? ` -x -a ${quoted(choices.join(" "))}` : takesValue ? " -r -F" : "";
  return `${start}${names}${value} -d ${quoted(summary)}`;
}

/** True where this node's words stand: its path was typed and no command below it. */
function condition({ path, commands }: CompletionNode): string {
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const below = commands.map(({ name }) => name);
  const notBelow = below.length === 0 ? [] : [`not __fish_seen_subcommand_from ${below.join(" ")}`];
  return [...seen, ...notBelow].join("; and ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
