import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { bashCompletion } from "../../src/cli/completion-bash.ts";
import { completionTree } from "../../src/cli/completion-tree.ts";
import { createProgram } from "../../src/cli/program.ts";

const SCRIPT = bashCompletion(completionTree(createProgram(async () => undefined)));

/** What bash offers after `line`; its last word is the one being typed. */
function complete(line: string): readonly string[] {
  const words = line.split(" ");
  const typed = words.map((word) => `'${word}'`).join(" ");
  const program = `${SCRIPT}\nCOMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _tiercast; echo "\${COMPREPLY[*]}"`;
  const out = execFileSync("bash", ["-c", program], { encoding: "utf8" }).trim();
  return out === "" ? [] : out.split(" ");
}

describe("in a real bash", () => {
  test.each([
    ["tiercast p", ["plan", "profile", "pause"]],
    ["tiercast engine i", ["install"]],
    ["tiercast -c x.yaml engine s", ["status"]],
    ["tiercast once --stop-after d", ["decide"]],
    ["tiercast plan --r", ["--require-engine"]],
    ["tiercast status -o j", ["json"]],
    ["tiercast completion z", ["zsh"]],
    ["tiercast plan p", []],
  ])("%s", (line, offered) => {
    expect(complete(line)).toEqual(offered);
  });
});
