import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NO_ENGINE, openRealNight, PULUMI, type RealNight } from "./real-night.ts";

interface Tenants {
  readonly accounts: readonly {
    readonly members: readonly {
      readonly service: string;
      readonly grantedUnits: number;
      readonly inUseUnits: number;
    }[];
  }[];
}

describe.skipIf(PULUMI === undefined)(`a shared account with a real engine (${PULUMI ?? NO_ENGINE})`, () => {
  let night: RealNight;
  const budget = (units: number): void => {
    writeFileSync(
      join(night.folder, "budget.yaml"),
      [
        "accounts:",
        `  - { name: web, maxUnits: ${units}, members: [{ service: night, floorUnits: 1 }] }`,
        "",
      ].join("\n"),
    );
  };
  const own = async () => {
    const { accounts } = JSON.parse((await night.cli(["tenants", "-o", "json"])).stdout) as Tenants;
    return accounts[0]?.members[0];
  };

  beforeAll(() => {
    night = openRealNight();
    night.config(["tenancy: { budget: budget.yaml }"]);
  });
  afterAll(() => night.close());

  test("sizes are applied up to the grant, the pack judges them with it, `down` gives it back", async () => {
    night.demand(80);
    budget(4);
    const first = await night.cli(["once", "-o", "json"]);
    expect(first.stderr).not.toContain("refused");
    expect(JSON.parse(first.stdout).record.apply).toMatchObject({ kind: "applied" });
    expect(await night.wantedTotal()).toBe(4);
    expect(await own()).toMatchObject({ grantedUnits: 4, inUseUnits: 4 });
    budget(6);
    const second = await night.cli(["once", "-o", "json"]);
    expect(JSON.parse(second.stdout).record.apply).toMatchObject({ kind: "applied" });
    expect(await night.wantedTotal()).toBe(6);
    expect((await night.cli(["down"])).code).toBe(0);
    expect(await own()).toMatchObject({ grantedUnits: 0, inUseUnits: 0 });
  }, 180_000);
});
