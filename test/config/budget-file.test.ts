import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { readBudgetFile } from "../../src/config/budget-file.ts";
import { checkTenancy } from "../../src/config/check-tenancy.ts";
import { loadSettings, settingsFromText } from "../../src/config.ts";

const folder = mkdtempSync(join(tmpdir(), "tiercast-budget-"));
const file = join(folder, "budget.yaml");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(...lines: readonly string[]) {
  writeFileSync(file, `${lines.join("\n")}\n`);
  return readBudgetFile(file);
}

const MEMBERS = "    members: [{ service: shop, floorUnits: 3 }, { service: cart, weight: 2, priority: 1 }]";

describe("the budget file", () => {
  test("defaults, order by name, the ledger beside it", () => {
    expect(read("accounts:", "  - name: web", "    maxUnits: 20", MEMBERS)).toEqual({
      ledgerFile: join(folder, "ledger.sqlite"),
      leaseMs: 1_800_000,
      accounts: [
        {
          name: "web",
          budgetUnits: 20,
          maxCostUsdPerHour: null,
          priceUsdPerUnitHour: null,
          members: [
            { service: "cart", priority: 1, weight: 2, floorUnits: 0, headroomFraction: 0.25 },
            { service: "shop", priority: 0, weight: 1, floorUnits: 3, headroomFraction: 0.25 },
          ],
        },
      ],
    });
  });

  test.each([
    ["maxCostUsdPerHour: 3, priceUsdPerUnitHour: 0.1", 30],
    ["maxCostUsdPerHour: 2.99, priceUsdPerUnitHour: 0.1", 29],
    ["maxUnits: 12, maxCostUsdPerHour: 3, priceUsdPerUnitHour: 0.1", 12],
    ["maxUnits: 50, maxCostUsdPerHour: 3, priceUsdPerUnitHour: 0.1", 30],
  ])("%s buys %i units", (limits, units) => {
    expect(
      read(`accounts: [{ name: web, ${limits}, members: [{ service: shop }] }]`).accounts[0]?.budgetUnits,
    ).toBe(units);
  });

  test.each([
    [
      "floors above the budget",
      ["accounts:", "  - name: web", "    maxUnits: 2", MEMBERS],
      /:4:\d+: accounts\[0\]\.members: floorUnits sum to 3, the budget of web is 2 units \(lower floors or raise it\)$/,
    ],
    ["no budget", ["accounts:", "  - name: web", MEMBERS], /accounts\[0\]: has no budget \(add maxUnits/],
    [
      "money without a price",
      ["accounts:", "  - name: web", "    maxCostUsdPerHour: 3", MEMBERS],
      /needs priceUsdPerUnitHour/,
    ],
    [
      "a service in two accounts",
      [
        "accounts:",
        "  - name: a",
        "    maxUnits: 9",
        MEMBERS,
        "  - name: b",
        "    maxUnits: 9",
        "    members: [{ service: shop }]",
      ],
      /shop is a member of a already/,
    ],
    [
      "a service twice",
      ["accounts: [{ name: a, maxUnits: 9, members: [{ service: shop }, { service: shop }] }]"],
      /shop is a member of a already/,
    ],
    [
      "two accounts of one name",
      [
        "accounts: [{ name: a, maxUnits: 9, members: [{ service: b }] }, { name: a, maxUnits: 9, members: [{ service: c }] }]",
      ],
      /a names two accounts/,
    ],
    [
      "a key that is none",
      [
        "accounts:",
        "  - name: web",
        "    maxUnits: 9",
        "    members:",
        "      - { service: shop, floorunits: 3 }",
      ],
      /:5:26: accounts\[0\]\.members\[0\]\.floorunits: is no setting \(did you mean floorUnits\?\)/,
    ],
    [
      "a weight of 0",
      ["accounts: [{ name: a, maxUnits: 9, members: [{ service: b, weight: 0 }] }]"],
      /weight: must be a number from 0\.001/,
    ],
    ["no YAML", ["accounts: ["], /:1:\d+|:2:\d+/],
    ["nothing", [""], /accounts: is missing/],
  ] as const)("%s is said with its place", (_name, lines, says) => {
    expect(() => read(...lines)).toThrow(says);
  });

  test("a file that is not there", () => {
    expect(() => readBudgetFile(join(folder, "none.yaml"))).toThrow("no such file (name the budget file");
  });
});

describe("a service and its account", () => {
  const budgetOf = (words: string, more = "") =>
    read(
      `accounts: [{ name: web, maxUnits: 20${more}, members: [{ service: shop, ${words} }, { service: cart }] }]`,
    );
  const settingsOf = (...lines: readonly string[]) => {
    const text = ["service: shop", ...lines, "tenancy: { budget: budget.yaml }", ""].join("\n");
    return settingsFromText(text, join(folder, "tiercast.yaml"), { HOME: folder }).settings;
  };

  test("fit: nothing is said, and the pack wants the number of each plan", () => {
    budgetOf("floorUnits: 3");
    const settings = settingsOf();
    expect(settings.tenancy).toEqual({ budgetFile: file });
    expect(settings.policies.limits.accountShareUnits).toBe("per-plan");
    expect(checkTenancy(settings)).toEqual([]);
    expect(checkTenancy({ ...settings, tenancy: undefined })).toEqual([]);
  });

  test.each([
    ["no member", "", [], /shop is a member of no account/],
    [
      "a floor below the smallest sizes",
      "floorUnits: 1",
      ["tiers: { baseline: { minUnits: 3 } }"],
      /floorUnits 1 of shop is below its tiers' minUnits together \(3\)/,
    ],
    [
      "a price above the account's",
      "floorUnits: 3",
      ["tiers: { burst: { priceUsdPerUnitHour: 0.5 } }"],
      /priceUsdPerUnitHour 0.2 is below the dearest price of shop \(0.5; raise it\)/,
    ],
    [
      "a lease shorter than a cycle",
      "floorUnits: 3",
      ["demand: { step: 15m }"],
      /lease 30m is below two cycles and an engine run \(35m\)/,
    ],
  ] as const)("%s is an error of one line", (name, words, lines, says) => {
    if (name === "no member") read("accounts: [{ name: web, maxUnits: 20, members: [{ service: cart }] }]");
    else budgetOf(words, ", priceUsdPerUnitHour: 0.2");
    expect(() => checkTenancy(settingsOf(...lines))).toThrow(says);
  });

  test("a floor that the own limits cannot fill is said", () => {
    budgetOf("floorUnits: 20");
    expect(checkTenancy(settingsOf("limits: { maxTotalUnits: 10 }"))).toEqual([
      expect.stringContaining("floorUnits 20 of shop is above what its limits allow (11)"),
    ]);
  });

  test.each(["checkout", "search", "reports"])("the example %s is sound", async (service) => {
    const path = fileURLToPath(new URL(`../../examples/tenants/${service}.yaml`, import.meta.url));
    const { settings, warnings } = await loadSettings({ path, environment: { HOME: folder } });
    expect([...warnings, ...checkTenancy(settings)]).toEqual([]);
  });
});
