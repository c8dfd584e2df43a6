import type { CommandCall } from "./command-spec.ts";
import { bashCompletion } from "./completion-bash.ts";
import { fishCompletion } from "./completion-fish.ts";
import { completionTree } from "./completion-tree.ts";
import { zshCompletion } from "./completion-zsh.ts";
import { EXIT } from "./exit-codes.ts";
import { print } from "./output.ts";

/** A static script made from the command tree: the shell never starts tiercast to complete. */
export async function runCompletion(call: CommandCall): Promise<number> {
  const tree = completionTree(call.program);
  switch (call.args[0]) {
    case "zsh":
      print(zshCompletion(tree));
      break;
    case "fish":
      print(fishCompletion(tree));
      break;
    default:
      print(bashCompletion(tree));
  }
  return EXIT.done;
}
