import type { CompletionNode, CompletionOption } from "./completion-tree.ts";

/** A bash function with one case per command; works with bash 3.2 and without bash-completion. */
export function bashCompletion(tree: readonly CompletionNode[]): string {
  const groups = tree.filter((node) => node.path.length > 0 && node.commands.length > 0);
  return `# bash completion for tiercast
_tiercast() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} place="" word i skip=0
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if ((skip)); then skip=0; continue; fi
    case "$word" in
      ${valueOptions(tree)}) skip=1 ;;
      -*) ;;
      *)
        if [[ -z $place${groups.map(({ path }) => ` || $place == ${path.join(" ")}`).join("")} ]]; then
          place="\${place:+$place }$word"
        fi
        ;;
    esac
  done
  local words="" options="" files=0
  case "$prev" in
${choiceCases(tree)}
    ${fileOptions(tree)}) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  esac
  case "$place" in
${tree.map(nodeCase).join("\n")}
  esac
  if [[ $cur == -* ]]; then words=$options; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if ((files)) && [[ $cur != -* ]]; then COMPREPLY+=($(compgen -f -- "$cur")); fi
}
complete -o filenames -F _tiercast tiercast
`;
}

function nodeCase(node: CompletionNode): string {
  const words = [...node.commands.map(({ name }) => name), ...node.argumentChoices];
  const options = names(node.options).replaceAll("|", " ");
  const files = node.takesFile ? " files=1" : "";
  return `    "${node.path.join(" ")}") words="${words.join(" ")}" options="${options}"${files} ;;`;
}

function allOptions(tree: readonly CompletionNode[]): readonly CompletionOption[] {
  return [...new Map(tree.flatMap(({ options }) => options).map((option) => [option.long, option])).values()];
}

function names(options: readonly CompletionOption[]): string {
  return options.flatMap(({ short, long }) => (short === undefined ? [long] : [short, long])).join("|");
}

function valueOptions(tree: readonly CompletionNode[]): string {
  return names(allOptions(tree).filter(({ takesValue }) => takesValue));
}

function choiceCases(tree: readonly CompletionNode[]): string {
  return allOptions(tree)
    .filter(({ choices }) => choices.length > 0)
    .map(
      (option) =>
        `    ${names([option])}) COMPREPLY=($(compgen -W "${option.choices.join(" ")}" -- "$cur")); return ;;`,
    )
    .join("\n");
}

/** Free values: a file is the best guess. */
function fileOptions(tree: readonly CompletionNode[]): string {
  return names(allOptions(tree).filter(({ takesValue, choices }) => takesValue && choices.length === 0));
}
