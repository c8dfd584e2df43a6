import { expect, onTestFinished, test } from "vitest";
import { metricsText } from "../../src/http/metrics.ts";
import type { HttpSources } from "../../src/http/routes.ts";
import { createApp } from "../../src/http/server.ts";
import { memoryLog } from "../../src/log.ts";
import type { TenantsView } from "../../src/model/tenancy.ts";
import { statusOf } from "./statuses.ts";

const VIEW: TenantsView = {
  budgetFile: "budget.yaml",
  ledgerFile: "ledger.sqlite",
  problem: null,
  accounts: [{ name: "web", budgetUnits: 20, maxCostUsdPerHour: null, freeUnits: 3, members: [] }],
};

function appOf(tenants?: () => TenantsView) {
  const sources: HttpSources = {
    status: () => statusOf(),
    monotonicMs: () => 0,
    journal: { cycle: () => null, lastCycle: () => null },
    ...(tenants === undefined ? {} : { tenants }),
  };
  const app = createApp(sources, memoryLog());
  onTestFinished(() => app.close());
  const headers = { host: "localhost" };
  return (method: "GET" | "POST") => app.inject({ url: "/v1/tenants", method, headers });
}

test("GET /v1/tenants shows the accounts; nobody writes to it", async () => {
  const ask = appOf(() => VIEW);
  const reply = await ask("GET");
  expect(reply.statusCode).toBe(200);
  expect(reply.json()).toEqual({ apiVersion: "tiercast/v1", kind: "Tenants", ...VIEW });
  expect((await ask("POST")).statusCode).toBe(405);
});

test("a service that shares no account has no such page", async () => {
  const reply = await appOf()("GET");
  expect([reply.statusCode, reply.json()]).toEqual([404, { error: "this service shares no account" }]);
});

test("metrics: asked, granted and floor of the account, and cycles without its ledger", async () => {
  const share = {
    account: "web",
    budgetUnits: 20,
    floorUnits: 2,
    neededUnits: 5,
    askedUnits: 9,
    fairUnits: 7,
    grantedUnits: 7,
    bound: "budget",
    reason: "",
    ledgerFailures: 4,
  } as const;
  const text = await metricsText(statusOf({ share }), { kind: "healthy" });
  expect(text).toContain('tiercast_account_units{account="web",kind="asked"} 9');
  expect(text).toContain('tiercast_account_units{account="web",kind="granted"} 7');
  expect(text).toContain('tiercast_account_units{account="web",kind="floor"} 2');
  expect(text).toContain("tiercast_account_ledger_failures_total 4");
  expect(await metricsText(statusOf(), { kind: "healthy" })).not.toContain('account="web"');
});
