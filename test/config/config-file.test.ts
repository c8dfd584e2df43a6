import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadSettings } from "../../src/config.ts";
import { UserError } from "../../src/model/user-error.ts";

const HOME = { HOME: "/home/ann" };

describe("the file", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tiercast-config-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("is found by path, or by TIERCAST_CONFIG", async () => {
    const path = join(folder, "a.yaml");
    await writeFile(path, "\ufeffservice: shop\r\nmode: active\r\n");
    const byPath = await loadSettings({ path, environment: HOME });
    expect(byPath).toMatchObject({ path, settings: { service: "shop", mode: "active" } });
    const byEnvironment = await loadSettings({ environment: { ...HOME, TIERCAST_CONFIG: path } });
    expect(byEnvironment.settings).toEqual(byPath.settings);
  });

  test.each([
    [
      "missing",
      undefined,
      "PATH: no such file (write one with `tiercast init`, or name it with --config or TIERCAST_CONFIG)",
    ],
    ["folder", "folder", "PATH: is a folder (name the file in it)"],
    ["5 MB", Buffer.alloc(5_000_000, "a"), "PATH: is over 256 KiB (is this the configuration?)"],
    [
      "latin-1",
      Buffer.from("service: x\ntags: {a: \xe9}", "latin1"),
      "PATH:2:11: is not UTF-8 text (save the file as UTF-8)",
    ],
    ["UTF-16", Buffer.from("service: x", "utf16le"), "PATH:1:2: is not UTF-8 text (save the file as UTF-8)"],
    [
      "cut off",
      Buffer.from([0x61, 0x3a, 0x20, 0xe2, 0x82]),
      "PATH:1:4: is not UTF-8 text (save the file as UTF-8)",
    ],
    ["empty", Buffer.alloc(0), "PATH:1:1: is empty (write at least `service: NAME`, or run `tiercast init`)"],
  ])("%s: one clear line, exit 2", async (name, content, message) => {
    const path = join(folder, `${name.replaceAll(" ", "-")}.yaml`);
    if (content === "folder") await mkdir(path);
    else if (content !== undefined) await writeFile(path, content);
    const error = await loadSettings({ path, environment: HOME }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toBe(message.replace("PATH", path));
    expect((error as UserError).exitCode).toBe(2);
  });
});

describe("the examples", () => {
  test("each loads without error or warning", async () => {
    const folder = new URL("../../examples/", import.meta.url);
    const names = (await readdir(folder)).filter((name) => name.endsWith(".yaml"));
    expect(names.length).toBeGreaterThanOrEqual(3);
    for (const name of names) {
      const { warnings } = await loadSettings({
        path: fileURLToPath(new URL(name, folder)),
        environment: HOME,
      });
      expect(warnings).toEqual([]);
    }
  });
});
