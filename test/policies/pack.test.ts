import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { resourcesSeen, see } from "../../policies/inputs-seen.ts";
import { POLICIES, POLICY_NAMES } from "../../policies/names.ts";
import { UNKNOWN } from "../../policies/rule.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "policies");

/** Files of the folder that are no policies. */
const FRAME = ["index", "names", "rule", "rules", "reading", "sums", "inputs-seen", "kubernetes-reading"];

test("the registry equals the files on disk: one policy per file, named like it", () => {
  const files = readdirSync(FOLDER)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => name.slice(0, -3))
    .filter((name) => !FRAME.includes(name));
  expect(POLICY_NAMES.toSorted()).toEqual(files.toSorted());
});

test("every resource policy says which types it judges", () => {
  for (const policy of POLICIES) expect(policy.types.length > 0).toBe(policy.scope === "resource");
});

test("pack, package and product carry one version", () => {
  const version = (path: string): unknown => JSON.parse(readFileSync(join(ROOT, path), "utf8"))["version"];
  expect(version("policies/package.json")).toBe(version("package.json"));
  expect(parse(readFileSync(join(FOLDER, "PulumiPolicy.yaml"), "utf8"))["version"]).toBe(
    version("package.json"),
  );
});

test("importing the names starts nothing", async () => {
  const code = `import(${JSON.stringify(join(FOLDER, "names.ts"))}).then((m) => console.log(m.POLICY_NAMES.length))`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--eval", code], {
    timeout: 20_000,
  });
  expect(stdout.trim()).toBe(String(POLICY_NAMES.length));
  expect(stderr).toBe("");
});

describe("inputs seen in a run", () => {
  const urn = "urn:pulumi:t::p::tiercast:local:Tier::burst";
  const listed = [{ urn, type: "tiercast:local:Tier", name: "burst" }];

  test("a property that throws when read is unknown, nested ones too", () => {
    const props = {
      get units(): number {
        throw new Error("number value at .units can't be known during preview");
      },
      tags: {
        get owner(): string {
          throw new Error("string value at .tags.owner can't be known during preview");
        },
        service: "shop",
      },
      list: [1, "two"],
    };
    const resource = see(new Map(), urn, "tiercast:local:Tier", "burst", props);
    expect(resource.props).toEqual({
      units: UNKNOWN,
      tags: { owner: UNKNOWN, service: "shop" },
      list: [1, "two"],
    });
  });

  test("stack policies get the inputs of this run, not what the engine lists", () => {
    const seen = new Map();
    see(seen, urn, "tiercast:local:Tier", "burst", { units: 3 });
    expect(resourcesSeen(seen, listed)[0]?.props).toEqual({ units: 3 });
    expect(resourcesSeen(new Map(), listed)[0]?.props).toBeNull();
  });

  test("resources of other kinds are left alone", () => {
    expect(resourcesSeen(new Map(), [{ urn: "u", type: "pulumi:pulumi:Stack", name: "s" }])).toEqual([]);
  });
});
