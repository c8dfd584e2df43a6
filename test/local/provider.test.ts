import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Client, Server, ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { callControl } from "../../src/local/control-client.ts";
import { processStartTime } from "../../src/local/process-identity.ts";
import { createProvider } from "../../stacks/local/provider.ts";
import { serveProvider } from "../../stacks/local/provider-server.ts";
import { createTestPlatform, isRunning, TEST_SETTINGS, type TestPlatform } from "./platform.fixture.ts";

const requirePulumi = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json"));
const grpc = requirePulumi("@grpc/grpc-js") as typeof import("@grpc/grpc-js");
const services = requirePulumi("./proto/provider_grpc_pb.js");
const messages = requirePulumi("./proto/provider_pb.js");
const structs = requirePulumi("google-protobuf/google/protobuf/struct_pb.js");

type Props = Record<string, unknown>;

let platform: TestPlatform;
let server: Server;
let client: Client & Record<string, unknown>;

beforeAll(async () => {
  platform = createTestPlatform();
  await platform.start();
});

/** One provider is one engine run: it remembers the plan it has checked. */
beforeEach(async () => {
  client?.close();
  server?.forceShutdown();
  const served = await serveProvider(createProvider());
  server = served.server;
  client = new services.ResourceProviderClient(`127.0.0.1:${served.port}`, grpc.credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  server.forceShutdown();
  await platform.close();
});

/** Calls one method of the protocol as the engine does. Fields by their setters, objects as structs. */
function call(name: string, fields: Props): Promise<Props> {
  const request = new messages[`${name[0]?.toUpperCase()}${name.slice(1)}Request`]();
  for (const [field, value] of Object.entries(fields)) {
    request[`set${field}`](typeof value === "object" ? structs.Struct.fromJavaScript(value) : value);
  }
  return new Promise((resolve, reject) => {
    const send = client[name] as (
      sent: unknown,
      done: (error: ServiceError | null, response: { toObject(): Props }) => void,
    ) => void;
    send.call(client, request, (error, response) =>
      error ? reject(new Error(error.details)) : resolve(read(response)),
    );
  });
}

function read(response: object): Props {
  const fields = response as Record<string, () => unknown>;
  const found: Props = {};
  for (const name of ["Id", "Changes", "DiffsList", "ReplacesList", "FailuresList", "Inputs", "Properties"]) {
    const value = fields[`get${name}`]?.call(response);
    const plain = value as { toJavaScript?: () => unknown } | undefined;
    if (value !== undefined) found[name] = plain?.toJavaScript ? plain.toJavaScript() : value;
  }
  found["FailuresList"] = ((found["FailuresList"] as { getReason(): string }[]) ?? []).map((each) =>
    each.getReason(),
  );
  return found;
}

const urnOf = (type: string, name: string) => `urn:pulumi:tiers::tiercast::tiercast:local:${type}::${name}`;
const PLAN = urnOf("Plan", "plan");
const BURST = urnOf("Tier", "burst");
const WARM = urnOf("WarmPool", "warm");

const shared = () => ({ service: "demo", tags: { owner: "sre" }, endpointFile: platform.endpointFile });
const plan = (planGeneration: number) => ({
  ...shared(),
  planGeneration,
  decisionId: `d${planGeneration}`,
  cutoffMs: 1,
  observedUnits: 2,
});
const tier = (units: unknown, changes: Props = {}) => ({
  ...shared(),
  tier: "burst",
  units,
  priceUsdPerUnitHour: 0.3,
  ...changes,
});
const warm = (changes: Props = {}) => ({
  ...shared(),
  units: 1,
  priceUsdPerUnitHour: 0.3,
  expiresMs: 9_000,
  ttlWallMs: 60_000,
  reason: "wide interval",
  ...changes,
});

async function checkAndPutPlan(planGeneration: number): Promise<void> {
  await call("check", { Urn: PLAN, Olds: {}, News: plan(planGeneration) });
  await call("create", { Urn: PLAN, Properties: plan(planGeneration) });
}

const burstUnits = async () => (await platform.state()).tiers.burst.wantedUnits;

describe("check", () => {
  test.each<[string, Props, RegExp]>([
    ["a fraction of a unit", { units: 1.5 }, /^units is 1.5: give a whole number from 0 to 10000$/],
    ["text for a number", { units: "3" }, /^units is "3"/],
    ["a negative price", { priceUsdPerUnitHour: -1 }, /^priceUsdPerUnitHour is -1: give a number from 0/],
    ["an unknown tier", { tier: "gold" }, /^tier is "gold": use one of baseline, predictive, burst$/],
    ["a relative path", { endpointFile: "endpoint.json" }, /^endpointFile .*absolute path$/],
    ["an unknown property", { unit: 3 }, /^unit is not a property: use service, tier, units/],
    ["a tag that is no text", { tags: { owner: 3 } }, /^tags has tag owner 3/],
  ])("refuses %s", async (_name, changes, reason) => {
    const { FailuresList } = await call("check", { Urn: BURST, Olds: {}, News: tier(1, changes) });
    expect(FailuresList).toEqual([expect.stringMatching(reason)]);
  });

  test("fills unitsBefore from the engine's state, whatever the program says", async () => {
    const created = await call("check", { Urn: BURST, Olds: {}, News: tier(4, { unitsBefore: 99 }) });
    expect(created).toMatchObject({ FailuresList: [], Inputs: { units: 4, unitsBefore: null } });
    const resized = await call("check", { Urn: BURST, Olds: tier(4), News: tier(6) });
    expect(resized["Inputs"]).toMatchObject({ units: 6, unitsBefore: 4 });
  });

  test("a plan below the one in the stack is refused before the platform is asked", async () => {
    const { FailuresList } = await call("check", { Urn: PLAN, Olds: plan(5), News: plan(4) });
    expect(FailuresList).toEqual([
      "planGeneration stale plan: generation 4 is refused, the stack's plan is generation 5",
    ]);
  });
});

describe("diff", () => {
  const NONE = 1;
  const SOME = 2;

  test.each<[string, string, Props, Props, number, string[]]>([
    ["units", BURST, { units: 1 }, { units: 2 }, SOME, ["units"]],
    ["unitsBefore says nothing", BURST, { unitsBefore: 1 }, { unitsBefore: 2 }, NONE, []],
    [
      "the price",
      BURST,
      { priceUsdPerUnitHour: 1 },
      { priceUsdPerUnitHour: 2 },
      SOME,
      ["priceUsdPerUnitHour"],
    ],
    ["tags", BURST, { tags: { a: "1" } }, { tags: { a: "2" } }, SOME, ["tags"]],
    ["a plan's generation", PLAN, { planGeneration: 1 }, { planGeneration: 2 }, SOME, ["planGeneration"]],
    ["a pool's life renewed", WARM, { expiresMs: 1 }, { expiresMs: 2 }, SOME, ["expiresMs"]],
    [
      "a pool's wall time alone",
      WARM,
      { ttlWallMs: 1, reason: "a" },
      { ttlWallMs: 2, reason: "b" },
      NONE,
      [],
    ],
    ["null and absent are the same", WARM, { expiresMs: null }, {}, NONE, []],
  ])("%s", async (_name, urn, olds, news, changes, diffs) => {
    const found = await call("diff", { Id: "x", Urn: urn, OldInputs: olds, Olds: {}, News: news });
    expect(found).toMatchObject({ Changes: changes, DiffsList: diffs, ReplacesList: [] });
  });

  test("another tier is another resource", async () => {
    const found = await call("diff", {
      Id: "x",
      Urn: BURST,
      OldInputs: tier(1),
      News: tier(1, { tier: "baseline" }),
    });
    expect(found["ReplacesList"]).toEqual(["tier"]);
  });
});

describe("sizes on the real supervisor", () => {
  test("create, tried again, read, update, delete", async () => {
    await checkAndPutPlan(10);
    const created = await call("create", { Urn: BURST, Properties: tier(1) });
    const again = await call("create", { Urn: BURST, Properties: tier(1) });
    expect([created["Id"], again["Id"], await burstUnits()]).toEqual(["demo/burst", "demo/burst", 1]);

    await call("update", { Id: "demo/burst", Urn: BURST, Olds: tier(1), News: tier(3) });
    expect(await burstUnits()).toBe(3);
    await platform.plan(10);
    await platform.tier("burst", 2);
    const drifted = await call("read", {
      Id: "demo/burst",
      Urn: BURST,
      Inputs: tier(3),
      Properties: tier(3),
    });
    expect(drifted).toMatchObject({ Id: "demo/burst", Inputs: { units: 2 }, Properties: { units: 2 } });

    await call("delete", { Id: "demo/burst", Urn: BURST, Properties: tier(2) });
    const gone = await call("read", { Id: "demo/burst", Urn: BURST, Inputs: tier(3), Properties: tier(3) });
    expect([gone["Id"], await burstUnits()]).toEqual(["", 0]);
  });

  test("a warm pool that has expired is not drift", async () => {
    await checkAndPutPlan(11);
    await call("create", { Urn: WARM, Properties: warm({ ttlWallMs: 0 }) });
    expect((await platform.state()).warm.wantedUnits).toBe(0);
    const found = await call("read", { Id: "demo/warm", Urn: WARM, Inputs: warm(), Properties: warm() });
    expect(found["Inputs"]).toMatchObject({ units: 1, expiresMs: 9_000 });
  });

  test("an engine run with a stale plan can write nothing, neither plan nor size", async () => {
    await call("check", { Urn: PLAN, Olds: {}, News: plan(12) });
    await platform.plan(13);
    const stale = /stale plan: generation 12 is refused, the platform's plan is generation 13/;
    await expect(call("update", { Id: "x", Urn: PLAN, Olds: plan(11), News: plan(12) })).rejects.toThrow(
      stale,
    );
    await expect(call("create", { Urn: BURST, Properties: tier(5) })).rejects.toThrow(stale);
    await expect(call("create", { Urn: WARM, Properties: warm() })).rejects.toThrow(stale);
    expect(await burstUnits()).toBe(0);
  });

  test("sizes without a plan in the same run are refused", async () => {
    await expect(call("create", { Urn: BURST, Properties: tier(1) })).rejects.toThrow("without a plan");
  });

  test("a supervisor that cannot be reached is an error, never gone", async () => {
    const endpointFile = `${platform.endpointFile}.missing`;
    for (const [urn, inputs] of [
      [BURST, tier(1)],
      [PLAN, plan(1)],
      [WARM, warm()],
    ] as const) {
      const request = { Id: "x", Urn: urn, Inputs: { ...inputs, endpointFile }, Properties: {} };
      await expect(call("read", request)).rejects.toThrow(/cannot reach the supervisor of .*missing/);
    }
  });
});

describe("platform", () => {
  const URN = urnOf("Platform", "platform");

  test("starts, adopts, changes settings, reads, stops", async () => {
    const own = createTestPlatform();
    const { endpointFile } = own;
    const inputs = { ...TEST_SETTINGS, endpointFile, logFile: `${endpointFile}.log`, tags: {} };
    expect(
      (await call("read", { Id: "demo/platform", Urn: URN, Inputs: inputs, Properties: {} }))["Id"],
    ).toBe("");
    const first = await call("create", { Urn: URN, Properties: inputs });
    const second = await call("create", { Urn: URN, Properties: inputs });
    expect(second).toEqual(first);
    const endpoint = await own.start();

    await call("update", { Id: "demo/platform", Urn: URN, Olds: inputs, News: { ...inputs, maxUnits: 5 } });
    expect(await callControl(endpointFile, "GET", "/settings")).toMatchObject({ maxUnits: 5 });
    const found = await call("read", { Id: "demo/platform", Urn: URN, Inputs: inputs, Properties: inputs });
    expect(found).toMatchObject({ Inputs: { maxUnits: 5 }, Properties: { running: true } });

    process.kill(endpoint.pid, "SIGKILL");
    await expect.poll(() => isRunning(endpoint)).toBe(false);
    const dead = await call("read", { Id: "demo/platform", Urn: URN, Inputs: inputs, Properties: inputs });
    expect(dead).toMatchObject({ Id: "demo/platform", Properties: { running: false } });
    const repair = await call("diff", { Id: "x", Urn: URN, OldInputs: inputs, News: inputs });
    expect(repair["DiffsList"]).toEqual(["running"]);

    await call("delete", { Id: "demo/platform", Urn: URN, Properties: inputs });
    expect(
      (await call("read", { Id: "demo/platform", Urn: URN, Inputs: inputs, Properties: {} }))["Id"],
    ).toBe("");
    await own.close();
  });
});

test("the plugin ends with the engine that was killed", async () => {
  const main = join(import.meta.dirname, "../../stacks/local/provider-main.ts");
  const engine = spawn(
    "sh",
    ["-c", '"$0" --no-warnings "$1" & echo "pid $!"; wait', process.execPath, main],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let said = "";
  engine.stdout.on("data", (chunk) => {
    said += chunk;
  });
  await expect.poll(() => said, { timeout: 8_000 }).toMatch(/^\d+$/m);
  const pid = Number(/pid (\d+)/.exec(said)?.[1]);
  const startTime = processStartTime(pid) ?? "";
  expect(isRunning({ pid, startTime })).toBe(true);
  engine.kill("SIGKILL");
  await expect.poll(() => isRunning({ pid, startTime }), { timeout: 4_000 }).toBe(false);
});
