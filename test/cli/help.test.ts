import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/command-table.ts";
import { type CliPlace, openPlace } from "./run-cli.ts";

let place: CliPlace;

beforeAll(async () => {
  place = await openPlace();
});

afterAll(() => place.remove());

describe("help", () => {
  test("every command of the issue is there", () => {
    const names = COMMANDS.map((spec) => spec.name);
    const wanted =
      "init doctor run once forecast plan approve reject pause resume status explain replay backtest down validate " +
      "demo completion schema version";
    expect(names).toEqual(expect.arrayContaining(wanted.split(" ")));
    expect(names).toEqual(expect.arrayContaining(["engine install", "engine env", "engine status"]));
  });

  test.each(COMMANDS.map((spec) => spec.name))("%s --help holds an example and exit codes", async (name) => {
    const { code, stdout, stderr } = await place.run([...name.split(" "), "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/\nExample:\n {2}.*tiercast /);
    expect(stdout).toMatch(/\nExit codes: 0/);
    expect(stdout).toContain(`Usage: tiercast ${name}`);
  });

  test("no argument at all is help on stdout and success, for ever", async () => {
    const { code, stdout } = await place.run([]);
    expect(code).toBe(0);
    expect(stdout).toContain("Commands:");
  });

  test("each example starts with a command that exists", () => {
    for (const { example, name } of COMMANDS) expect(example).toContain(`tiercast ${name}`);
  });
});

describe("completion", () => {
  test.each(["bash", "zsh", "fish"])("%s knows every command and option", async (shell) => {
    const { code, stdout } = await place.run(["completion", shell]);
    expect(code).toBe(0);
    const longs = COMMANDS.flatMap(({ options = [] }) =>
      options.map(({ flags }) => flags.split(" ")[0] ?? ""),
    );
    const wanted = [
      ...COMMANDS.flatMap(({ name }) => name.split(" ")),
      ...longs.map((long) => (shell === "fish" ? `-l ${long.slice(2)}` : long)),
    ];
    expect(wanted.filter((word) => !stdout.includes(word))).toEqual([]);
  });

  test("zsh: no variable named path, which is the PATH there", async () => {
    const { stdout } = await place.run(["completion", "zsh"]);
    expect(stdout).not.toMatch(/\bpath=/);
  });
});

test("docs/cli.md names every command", async () => {
  const text = await readFile(join(import.meta.dirname, "..", "..", "docs", "cli.md"), "utf8");
  expect(COMMANDS.map(({ name }) => name).filter((name) => !text.includes(`\`${name}`))).toEqual([]);
});
