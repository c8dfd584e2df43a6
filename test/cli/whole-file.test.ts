import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeWhole } from "../../src/cli/whole-file.ts";

test("what fails half way leaves the old file and nothing beside it; a device stays", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tiercast-whole-"));
  const file = join(folder, "out.csv");
  const place = { name: "--emit", signal: new AbortController().signal };
  try {
    await writeFile(file, "old\n");
    function* broken(): Generator<string> {
      for (let i = 0; i < 5_000; i++) yield `row ${i}`;
      throw new Error("no more rows");
    }
    await expect(writeWhole(file, broken(), place)).rejects.toThrow(/--emit .*out\.csv: cannot be written/);
    expect(await readdir(folder)).toEqual(["out.csv"]);
    expect(await readFile(file, "utf8")).toBe("old\n");
    await writeWhole(file, ["a", "b"], place);
    expect(await readFile(file, "utf8")).toBe("a\nb\n");
    await writeWhole("/dev/null", ["a"], place);
    expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
