import { afterAll, beforeAll, expect, test } from "vitest";
import type { PlatformState } from "../../src/model/platform.ts";
import { createProvider } from "../../stacks/local/provider.ts";
import { createTestPlatform, type TestPlatform } from "./platform.fixture.ts";

let platform: TestPlatform;

beforeAll(async () => {
  platform = createTestPlatform();
  await platform.start();
});
afterAll(() => platform.close());

const PLAN_URN = "urn:pulumi:tiers::demo::tiercast:local:Plan::plan";
const URN = "urn:pulumi:tiers::demo::tiercast:local:WarmKind::warm-db";

const shared = () => ({ service: "demo", tags: {}, endpointFile: platform.endpointFile });
const kind = (patch: object = {}) => ({
  ...shared(),
  kind: "db",
  count: 3,
  minCount: 1,
  priceUsdPerHour: 0.01,
  expiresMs: 5_000_000,
  ttlWallMs: 60_000,
  reason: "test",
  target: { host: "127.0.0.1", port: 9, connectTimeoutMs: 100 },
  ...patch,
});
const states = async () => ((await platform.state()) as PlatformState).warmKinds;

test("a kind is made, read back as it was declared, changed and removed", async () => {
  const provider = createProvider();
  const plan = { ...shared(), planGeneration: 1, decisionId: "d1", cutoffMs: 0, observedUnits: 1 };
  expect(provider.check(PLAN_URN, {}, plan).failures).toEqual([]);
  await provider.create(PLAN_URN, plan);
  const { inputs, failures } = provider.check(URN, {}, kind());
  expect(failures).toEqual([]);
  const made = await provider.create(URN, inputs);
  expect(made.id).toBe("demo/warm/db");
  expect((await states())?.["db"]).toMatchObject({ wantedCount: 3 });
  const present = await provider.read(URN, inputs);
  // What the engine refreshes to is what the program declares: no difference, no update.
  expect(provider.diff(URN, present?.inputs ?? {}, inputs).changed).toEqual([]);
  expect(provider.diff(URN, inputs, kind({ reason: "x", ttlWallMs: 1 })).changed).toEqual([]);
  const greeting = { target: { ...kind().target, hello: { sendHex: "00", untilHex: "01" } } };
  const changed = provider.diff(URN, inputs, kind({ count: 5, expiresMs: 6_000_000, ...greeting }));
  expect(changed).toEqual({ changed: ["count", "expiresMs", "target"], replaces: [] });
  await provider.update(URN, kind({ count: 5, ...greeting }));
  expect((await states())?.["db"]).toMatchObject({ wantedCount: 5 });
  const again = await provider.read(URN, kind({ count: 5, ...greeting }));
  expect(provider.diff(URN, again?.inputs ?? {}, kind({ count: 5, ...greeting })).changed).toEqual([]);
  await provider.remove(URN, kind());
  expect(await states()).toEqual({});
  expect(await provider.read(URN, kind())).toBeUndefined();
});

test.each([
  [{ kind: "No Kind" }, "kind"],
  [{ count: 1_001 }, "count"],
  [{ target: { host: "h", port: 70_000, connectTimeoutMs: 1 } }, "target"],
  [{ target: null }, "target"],
])("%o is refused before anything is sent", (patch, property) => {
  const { failures } = createProvider().check(URN, {}, kind(patch));
  expect(failures.map((failure) => failure.property)).toEqual([property]);
});
