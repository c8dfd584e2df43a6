import { afterAll, beforeAll, expect, test } from "vitest";
import { MAX_UNITS } from "../../src/decide/capacity.ts";
import { callControl } from "../../src/local/control-client.ts";
import { planKind } from "../../stacks/local/plan-kind.ts";
import { createTestPlatform, type TestPlatform } from "./platform.fixture.ts";

let platform: TestPlatform;

beforeAll(async () => {
  platform = createTestPlatform();
  await platform.start();
});

afterAll(() => platform.close());

/** A spike that asks for more than any limit must still be applied as far as the limits go. */
test("a plan may say that demand needs as much as the capacity model counts", async () => {
  expect(planKind.rules["observedUnits"]?.(MAX_UNITS)).toBeUndefined();
  expect(planKind.rules["observedUnits"]?.(MAX_UNITS + 1)).toContain("whole number");
  const plan = { planGeneration: 1, decisionId: "d1", cutoffMs: 0, observedUnits: MAX_UNITS };
  await callControl(platform.endpointFile, "PUT", "/plan", plan);
  expect(await callControl(platform.endpointFile, "GET", "/plan")).toMatchObject({
    observedUnits: MAX_UNITS,
  });
});
