import { describe, expect, test } from "vitest";
import { policyConfig } from "../../policies/names.ts";
import { type Resource, UNKNOWN } from "../../policies/rule.ts";
import { RULES } from "../../policies/rules.ts";
import { happyPlan, LIMITS, planned, refusals, verdict, without, withProps } from "./plan-fixture.ts";

const PLATFORM: Resource = {
  type: "tiercast:local:Platform",
  name: "platform",
  props: { tags: { owner: "shop-team", service: "shop" } },
};

test("the happy plan passes every policy", () => {
  expect(verdict(happyPlan())).toEqual([]);
});

describe("one property of the happy plan broken", () => {
  const cases: readonly (readonly [string, () => readonly Resource[], readonly string[], string])[] = [
    [
      "baseline above its limit",
      () => withProps(happyPlan(), "baseline", { units: 11, unitsBefore: 10 }),
      ["tier-units-max"],
      "Tier baseline asks for 11 units, at most 10 are allowed: lower its size or raise policies.limits.maxBaselineUnits.",
    ],
    [
      "predictive above its limit",
      () => withProps(happyPlan(), "predictive", { units: 21, unitsBefore: 20 }),
      ["burst-reserve", "tier-units-max"],
      "Tier predictive asks for 21 units, at most 20 are allowed",
    ],
    [
      "burst above its limit",
      () => withProps(happyPlan(), "burst", { units: 13, unitsBefore: 12 }),
      ["tier-units-max"],
      "Tier burst asks for 13 units, at most 12 are allowed",
    ],
    [
      "too many warm units",
      () => withProps(happyPlan(), "warm", { units: 5 }),
      ["warm-units-max"],
      "The warm pool asks for 5 units, at most 4 are allowed",
    ],
    [
      "total above its limit",
      () => planned({ baseline: 4, predictive: 15, burst: 12, warm: 0 }, null, 0),
      ["total-units-max"],
      "The tiers ask for 31 units in total, at most 30 are allowed",
    ],
    [
      "a step up too large",
      () => withProps(happyPlan(), "predictive", { units: 9, unitsBefore: 4 }),
      ["step-up-max"],
      "Tier predictive grows by 5 units in one update, at most 4 are allowed (demand observed now needs 11 units, the tiers would have 15)",
    ],
    [
      "a step down too large",
      () => withProps(happyPlan(), "predictive", { units: 4, unitsBefore: 7 }),
      ["step-down-max"],
      "Tier predictive shrinks by 3 units in one update (7 to 4), at most 2 are allowed",
    ],
    [
      "cost above its limit",
      () => planned({ baseline: 10, predictive: 14, burst: 6, warm: 0 }, null, 0).map(pricedTenfold),
      ["cost-max"],
      "carries a price of 0.6 USD per unit and hour, the policy configuration has 0.06",
    ],
    [
      "a price that is not the configured one",
      () => withProps(happyPlan(), "burst", { priceUsdPerUnitHour: 0.11 }),
      ["cost-max"],
      "Tier burst carries a price of 0.11 USD per unit and hour, the policy configuration has 0.12: make the two prices equal.",
    ],
    [
      "baseline below its floor",
      () => withProps(happyPlan(), "baseline", { units: 1, unitsBefore: 2 }),
      ["baseline-min"],
      "Tier baseline asks for 1 units, at least 2 are required",
    ],
    [
      "burst reserve used up",
      () => planned({ baseline: 8, predictive: 17, burst: 0, warm: 0 }, null, 0),
      ["burst-reserve"],
      "Baseline and predictive ask for 25 units, at most 24 leave the burst reserve of 6 free",
    ],
    [
      "a tier removed",
      () => without(happyPlan(), "burst"),
      ["tiers-present"],
      "The stack has 0 resources for tier burst, exactly 1 is required",
    ],
    [
      "a tier twice",
      () => [...happyPlan(), ...happyPlan().filter(({ name }) => name === "burst")],
      ["tiers-present"],
      "The stack has 2 resources for tier burst, exactly 1 is required",
    ],
    [
      "a tag missing",
      () => withProps(happyPlan(), "warm", { tags: { service: "shop" } }),
      ["required-tags"],
      "WarmPool warm has tag owner (missing), one of the 2 required",
    ],
    [
      "a tag empty",
      () => withProps(happyPlan(), "plan", { tags: { service: "shop", owner: " " } }),
      ["required-tags"],
      'Plan plan has tag owner " ", one of the 2 required',
    ],
    [
      "the plan removed",
      () => without(happyPlan(), "plan"),
      ["plan-present"],
      "The stack has 0 Plans, exactly 1 is required",
    ],
    [
      "generation zero",
      () => withProps(happyPlan(), "plan", { planGeneration: 0 }),
      ["plan-present"],
      "Plan plan has generation 0, at least 1 is required",
    ],
    [
      "no decision behind the plan",
      () => withProps(happyPlan(), "plan", { decisionId: "" }),
      ["plan-present"],
      'Plan plan has decisionId ""',
    ],
  ];
  test.each(cases)("%s", (_name, stack, expected, words) => {
    expect(refusals(stack())).toEqual(expected);
    expect(verdict(stack()).join("\n")).toContain(words);
  });
});

test("cost is judged with the configured prices, whatever the resources carry", () => {
  const config = {
    ...policyConfig(LIMITS),
    "cost-max": { ...policyConfig(LIMITS)["cost-max"], maxCostUsdPerHour: 1 },
  };
  // 4 x 0.06 + 6 x 0.10 + 2 x 0.12 + 2 x 0.05 = 1.18
  expect(verdict(happyPlan(), config)).toEqual([
    "cost-max: The stack would cost 1.18 USD per hour, at most 1 is allowed: " +
      "lower a tier's size or raise policies.limits.maxCostUsdPerHour.",
  ]);
});

test("a cost of exactly the limit passes, nothing for nothing too", () => {
  const empty = planned({ baseline: 0, predictive: 0, burst: 0, warm: 0 }, null, 0);
  for (const [stack, maxCostUsdPerHour] of [
    [happyPlan(), 1.18],
    [empty, 0],
  ] as const) {
    const config = {
      ...policyConfig(LIMITS),
      "cost-max": policyConfig({ ...LIMITS, maxCostUsdPerHour })["cost-max"] ?? {},
    };
    expect(verdict(stack, config).filter((line) => line.startsWith("cost-max"))).toEqual([]);
  }
});

describe("values that cannot be a number of units", () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 2.5, "4", true, null, [], {}, 2 ** 60])(
    "%s",
    (units) => {
      const found = refusals(withProps(happyPlan(), "baseline", { units }));
      expect(found).toEqual(
        expect.arrayContaining(["tier-units-max", "baseline-min", "step-down-max", "cost-max"]),
      );
      expect(found).toEqual(expect.arrayContaining(["total-units-max", "burst-reserve", "step-up-max"]));
      expect(refusals(withProps(happyPlan(), "warm", { units }))).toEqual(["cost-max", "warm-units-max"]);
      expect(refusals(withProps(happyPlan(), "plan", { planGeneration: units }))).toEqual(["plan-present"]);
    },
  );
});

describe("what is not known before the update is refused, never skipped", () => {
  const read: readonly (readonly [string, string, readonly string[]])[] = [
    [
      "baseline",
      "units",
      [
        "baseline-min",
        "burst-reserve",
        "cost-max",
        "step-down-max",
        "step-up-max",
        "tier-units-max",
        "total-units-max",
      ],
    ],
    ["baseline", "unitsBefore", ["step-down-max", "step-up-max"]],
    [
      "baseline",
      "tier",
      [
        "baseline-min",
        "burst-reserve",
        "cost-max",
        "step-up-max",
        "tier-units-max",
        "tiers-present",
        "total-units-max",
      ],
    ],
    ["baseline", "priceUsdPerUnitHour", ["cost-max"]],
    ["baseline", "tags", ["required-tags"]],
    ["warm", "units", ["cost-max", "warm-units-max"]],
    ["plan", "planGeneration", ["plan-present"]],
    ["plan", "observedUnits", ["plan-present"]],
    ["plan", "decisionId", ["plan-present"]],
  ];
  test.each(read)("%s %s", (name, property, expected) => {
    for (const value of [UNKNOWN, undefined]) {
      const stack = withProps(happyPlan(), name, { [property]: value });
      expect(refusals(stack)).toEqual(expected);
      expect(verdict(stack).join("\n")).toContain("cannot be checked");
    }
  });

  test("one unknown tag", () => {
    const stack = withProps(happyPlan(), "warm", { tags: { owner: UNKNOWN, service: "shop" } });
    expect(verdict(stack)).toEqual([
      "required-tags: Tag owner of WarmPool warm cannot be checked: it is not known before the update; give a fixed text.",
    ]);
  });

  test("a resource the engine did not show", () => {
    const stack = happyPlan().map((resource) =>
      resource.name === "burst" ? { ...resource, props: null } : resource,
    );
    expect(refusals(stack)).toContain("total-units-max");
    expect(refusals(stack)).toContain("tiers-present");
  });
});

describe("steps", () => {
  test("a created tier has no step, only limits", () => {
    expect(verdict(planned({ baseline: 8, predictive: 10, burst: 0, warm: 0 }, null, 3))).toEqual([]);
  });
  test.each([
    [12, ["step-up-max"]],
    [15, ["step-up-max"]],
    [16, []],
    [20, []],
  ])("burst 0 to 10 of a total of 16, when demand now needs %s units", (observedUnits, expected) => {
    const before = { baseline: 4, predictive: 2, burst: 0 };
    expect(
      refusals(planned({ baseline: 4, predictive: 2, burst: 10, warm: 0 }, before, observedUnits)),
    ).toEqual(expected);
  });
  test("the limits above bind even what demand needs now", () => {
    const before = { baseline: 4, predictive: 2, burst: 0 };
    expect(refusals(planned({ baseline: 4, predictive: 2, burst: 13, warm: 0 }, before, 100))).toEqual([
      "tier-units-max",
    ]);
  });
  test("without a plan a larger step is refused", () => {
    const stack = withProps(without(happyPlan(), "plan"), "predictive", { units: 9, unitsBefore: 4 });
    expect(refusals(stack)).toEqual(["plan-present", "step-up-max"]);
  });
});

describe("base stack", () => {
  test("a Platform and no tiers passes", () => {
    expect(verdict([PLATFORM])).toEqual([]);
  });
  test("a Platform without tags does not", () => {
    expect(refusals([{ ...PLATFORM, props: {} }])).toEqual(["required-tags"]);
  });
  test("an empty stack is no base stack", () => {
    expect(refusals([])).toEqual(["plan-present", "tiers-present"]);
  });
  test("a tier stack that lost all tiers is refused, Platform or not", () => {
    const rest = happyPlan().filter(({ type }) => type !== "tiercast:local:Tier");
    expect(refusals(rest)).toEqual(["tiers-present"]);
    expect(refusals([...rest, PLATFORM])).toEqual(["tiers-present"]);
  });
});

describe("configuration", () => {
  test.each(
    Object.entries(policyConfig(LIMITS))
      // They judge stacks of a cluster alone: kubernetes.test.ts.
      .filter(([policy]) => !["hpa-bounds", "requests-cost-max"].includes(policy))
      .flatMap(([policy, own]) => Object.keys(own).map((key) => [policy, key])),
  )("%s refuses when %s is missing or garbled", (policy, key) => {
    for (const value of [undefined, null, "9", Number.NaN, -1]) {
      const own = { ...policyConfig(LIMITS)[policy], [key]: value };
      expect(refusals(happyPlan(), { ...policyConfig(LIMITS), [policy]: own })).toEqual([policy]);
    }
  });

  test("policyConfig hands on limits and no enforcement level", () => {
    const text = JSON.stringify(policyConfig(LIMITS));
    expect(text).not.toMatch(/enforcement|advisory|mandatory|disabled/);
    const known = RULES.map((rule) => rule.name);
    expect(Object.keys(policyConfig(LIMITS)).filter((name) => !known.includes(name))).toEqual([]);
  });
});

function pricedTenfold(resource: Resource): Resource {
  const price = resource.props?.["priceUsdPerUnitHour"];
  if (typeof price !== "number") return resource;
  return { ...resource, props: { ...resource.props, priceUsdPerUnitHour: price * 10 } };
}

describe("warm pieces of other kinds", () => {
  const withKind = (props: Readonly<Record<string, unknown>>) =>
    withProps(happyPlan(), "warm-connections", { count: 20, minCount: 2, priceUsdPerHour: 0.01, ...props });
  const warmKinds = { connections: { maxCount: 30, priceUsdPerHour: 0.01 } };
  const config = policyConfig({ ...LIMITS, warmKinds });

  test("pass inside their cap, and a stack of nothing but them is no base stack", () => {
    expect(verdict(withKind({}), config)).toEqual([]);
    expect(refusals(withKind({}).slice(-1), config)).toContain("tiers-present");
  });

  test.each<[string, Readonly<Record<string, unknown>>, readonly string[], string]>([
    ["too many", { count: 31 }, ["warm-kinds-max"], "asks for 31 warm connections, at most 30 are allowed"],
    ["too many at least", { minCount: 31 }, ["warm-kinds-max"], "asks for 31 warm connections"],
    [
      "a kind without a cap",
      { kind: "sessions" },
      ["cost-max", "warm-kinds-max"],
      "warmKinds.sessions.maxCount",
    ],
    [
      "another price",
      { priceUsdPerHour: 0.02 },
      ["cost-max"],
      "per piece and hour, the policy configuration has 0.01",
    ],
    ["half a piece", { count: 1.5 }, ["cost-max", "warm-kinds-max"], "give a whole number"],
    ["a count not known", { count: UNKNOWN }, ["cost-max", "warm-kinds-max"], "cannot be checked"],
    ["no name", { kind: "" }, ["cost-max", "warm-kinds-max"], "name the kind"],
    ["an inherited name", { kind: "toString" }, ["cost-max", "warm-kinds-max"], "warmKinds.toString"],
    ["no owner", { tags: {} }, ["required-tags"], "owner"],
  ])("%s", (_name, props, expected, words) => {
    expect(refusals(withKind(props), config)).toEqual(expected);
    expect(verdict(withKind(props), config).join("\n")).toContain(words);
  });

  test("count in the cost of the stack", () => {
    const dear = { connections: { maxCount: 30, priceUsdPerHour: 0.3 } };
    const stack = withKind({ priceUsdPerHour: 0.3 });
    expect(refusals(stack, policyConfig({ ...LIMITS, warmKinds: dear }))).toEqual(["cost-max"]);
  });

  test("without any cap in the configuration nothing of the kind passes", () => {
    const none = policyConfig({ ...LIMITS, warmKinds: {} });
    expect(refusals(withKind({}), none)).toEqual(["cost-max", "warm-kinds-max"]);
  });
});
