import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CliPlace, openPlace, writeDemandAndConfig } from "./run-cli.ts";

let place: CliPlace;
const BUDGET = [
  "accounts:",
  "  - name: web",
  "    maxUnits: 12",
  "    members:",
  "      - { service: shop, floorUnits: 2 }",
  "      - { service: cart, floorUnits: 3, priority: 1 }",
  "",
];

beforeAll(async () => {
  place = await openPlace();
  await writeDemandAndConfig(place);
  await place.write("budget.yaml", BUDGET.join("\n"));
  const text = await readFile(join(place.folder, "tiercast.yaml"), "utf8");
  await writeFile(join(place.folder, "tiercast.yaml"), `${text}tenancy: { budget: budget.yaml }\n`);
});

afterAll(() => place.remove());

describe("tenants", () => {
  test("before any cycle: members and floors, and that there is no ledger; none is made", async () => {
    const { code, stdout } = await place.run(["tenants"]);
    expect(code).toBe(0);
    expect(stdout).toContain("no ledger yet");
    expect(stdout).toMatch(/^shop +0 +1 +2 +0 +0 +0 +0 {2}never seen/m);
    await expect(readFile(join(place.folder, "ledger.sqlite"))).rejects.toThrow("ENOENT");
  });

  test("after a cycle: what it wants and was granted, in JSON too; the cycle says its share and replays", async () => {
    expect((await place.run(["once"])).code).toBe(0);
    const { stdout } = await place.run(["tenants"]);
    expect(stdout).toMatch(/^account web: 12 units, \d+ free$/m);
    expect(stdout).toMatch(/^cart +1 +1 +3 +0 +0 +0 +0 {2}never seen +-$/m);
    expect(stdout).toMatch(/^shop +0 +1 +2 +\d+ +\d+ +\d+ +0 {2}live +\d{4}-/m);
    const json = JSON.parse((await place.run(["tenants", "-o", "json"])).stdout);
    expect(json).toMatchObject({
      kind: "Tenants",
      problem: null,
      accounts: [{ name: "web", budgetUnits: 12 }],
    });
    expect((await place.run(["explain"])).stdout).toMatch(
      /account +\d+ +account web of 12 units: \d+ granted of/,
    );
    expect((await place.run(["replay", "1"])).code).toBe(0);
    const status = JSON.parse((await place.run(["status", "-o", "json"])).stdout);
    expect(status.status.share).toMatchObject({ account: "web", ledgerFailures: 0 });
    expect((await place.run(["status"])).stdout).toMatch(/^account +\w+: account web of 12 units/m);
  });

  test("a budget that no run can honour: validate, once and plan say so in one line", async () => {
    await place.write("budget.yaml", BUDGET.join("\n").replace("maxUnits: 12", "maxUnits: 4"));
    for (const command of ["validate", "once", "plan"]) {
      const { code, stderr } = await place.run([command]);
      expect([command, code]).toEqual([command, 2]);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect(stderr).toContain("floorUnits sum to 5, the budget of web is 4 units");
    }
    expect((await place.run(["tenants"])).code).toBe(1);
    // What looks back needs no budget.
    expect((await place.run(["status"])).code).toBe(0);
    await place.write("budget.yaml", BUDGET.join("\n"));
  });

  test("without an account there is nothing to show", async () => {
    const alone = await place.write("alone.yaml", "service: shop\n");
    const { code, stderr } = await place.run(["-c", alone, "tenants"]);
    expect(code).toBe(1);
    expect(stderr).toContain("shop shares no account: set tenancy.budget");
    await rm(alone);
  });
});
