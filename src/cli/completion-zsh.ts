import type { CompletionNode, CompletionOption } from "./completion-tree.ts";

/**
 * A `#compdef` function: `_arguments` for each command's options, `_describe` for what may follow. A variable called
 * `path` would empty the PATH: in zsh the two are one.
 */
export function zshCompletion(tree: readonly CompletionNode[]): string {
  return `#compdef tiercast
# zsh completion for tiercast
_tiercast() {
  local place="" word
  local -i i skip=0
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    if ((skip)); then skip=0; continue; fi
    case "$word" in
      ${valueOptions(tree)}) skip=1 ;;
      -*) ;;
      *) [[ -z $place || "$place" == (${groupPaths(tree)}) ]] && place="\${place:+$place }$word" ;;
    esac
  done
  local -a commands
  case "$place" in
${tree.map(nodeCase).join("\n")}
  esac
}
compdef _tiercast tiercast
`;
}

function nodeCase(node: CompletionNode): string {
  const options = node.options.flatMap(optionSpecs).join(" ");
  const rest = restSpec(node);
  const commands = node.commands.map(({ name, summary }) =>
    quoted(`${name}:${summary.replaceAll(":", "\\:")}`),
  );
  const describe =
    commands.length === 0
      ? ""
      : `\n      commands=(${commands.join(" ")})\n      [[ $PREFIX == -* ]] || _describe command commands`;
  return `    "${node.path.join(" ")}")${describe}
      _arguments -s ${options}${rest} ;;`;
}

function restSpec({ argumentChoices, takesFile, commands }: CompletionNode): string {
  if (argumentChoices.length > 0) return ` ${quoted(`*:value:(${argumentChoices.join(" ")})`)}`;
  if (takesFile) return ` ${quoted("*:file:_files")}`;
  return commands.length > 0 ? ` ${quoted("*:: :")}` : "";
}

function optionSpecs({ short, long, summary, takesValue, choices }: CompletionOption): readonly string[] {
  const words = summary.replaceAll(/[[\]:]/g, " ");
  const value = choices.length > 0 ? `:value:(${choices.join(" ")})` : takesValue ? ":value:_files" : "";
  const names = short === undefined ? [long] : [short, long];
  return names.map((name) => quoted(`${name}[${words}]${value}`));
}

function valueOptions(tree: readonly CompletionNode[]): string {
  const names = tree.flatMap(({ options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .flatMap(({ short, long }) => [...(short ? [short] : []), long]),
  );
  return [...new Set(names)].join("|");
}

function groupPaths(tree: readonly CompletionNode[]): string {
  return tree
    .filter(({ path, commands }) => path.length > 0 && commands.length > 0)
    .map(({ path }) => path.join(" "))
    .join("|");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
