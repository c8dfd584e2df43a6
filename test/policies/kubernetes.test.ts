import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PackLimits, policyConfig } from "../../policies/names.ts";
import type { Resource } from "../../policies/rule.ts";
import { RULES } from "../../policies/rules.ts";
import { baseObjects } from "../../stacks/kubernetes/base-objects.ts";
import { CLUSTER, clusterInputs } from "../stacks/kubernetes/fixture.ts";
import { asResource, CLUSTER_LIMITS, clusterResources } from "./kubernetes-fixture.ts";

const UNITS = { baseline: 4, predictive: 3, burst: 0 };
const HAPPY = clusterResources(clusterInputs({ units: UNITS, warmUnits: 2 }), UNITS);

/** Names of the policies that refuse. */
function refusals(resources: readonly Resource[], limits: PackLimits = CLUSTER_LIMITS): readonly string[] {
  const config = policyConfig(limits);
  return RULES.filter((rule) => {
    const own = config[rule.name] ?? {};
    if (rule.scope === "stack") return rule.judge(resources, own).length > 0;
    return resources.some((each) => rule.types.includes(each.type) && rule.judge(each, own).length > 0);
  }).map(({ name }) => name);
}

/** The happy stack with `value` at `path` of one resource; undefined takes it away. */
function broken(name: string, path: string, value: unknown): readonly Resource[] {
  if (!HAPPY.some((each) => each.name === name)) throw new Error(`no ${name}`);
  return HAPPY.map((each) =>
    each.name === name ? { ...each, props: changed(each.props, path.split("."), value) } : each,
  );
}

function changed(
  from: unknown,
  [key = "", ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  const copy: Record<string, unknown> = Array.isArray(from)
    ? (Object.assign([...from]) as never)
    : { ...(from as Record<string, unknown>) };
  if (rest.length > 0) copy[key] = changed(copy[key], rest, value);
  else if (value === undefined) delete copy[key];
  else copy[key] = value;
  return copy;
}

const CONTAINER = "spec.template.spec.containers.0";

describe("one property broken at a time", () => {
  test("the happy stack passes all", () => expect(refusals(HAPPY)).toEqual([]));

  test.each<[string, readonly Resource[], readonly string[]]>([
    ["a floor below the plan", broken("predictive-hpa", "spec.minReplicas", 2), ["hpa-bounds"]],
    ["a floor above the plan", broken("predictive-hpa", "spec.minReplicas", 5), ["hpa-bounds"]],
    ["baseline that may move", broken("baseline-hpa", "spec.maxReplicas", 5), ["hpa-bounds"]],
    ["a top above its tier's", broken("predictive-hpa", "spec.maxReplicas", 21), ["hpa-bounds"]],
    ["a top below its floor", broken("predictive-hpa", "spec.maxReplicas", 2), ["hpa-bounds"]],
    ["an unknown floor", broken("predictive-hpa", "spec.minReplicas", undefined), ["hpa-bounds"]],
    [
      "no cpu request",
      broken("baseline", `${CONTAINER}.resources.requests.cpu`, undefined),
      ["requests-and-limits", "requests-cost-max"],
    ],
    [
      "no memory limit",
      broken("baseline", `${CONTAINER}.resources.limits.memory`, undefined),
      ["requests-and-limits"],
    ],
    [
      "more requested than allowed",
      broken("burst", `${CONTAINER}.resources.limits.cpu`, "100m"),
      ["requests-and-limits"],
    ],
    ["owned replicas", broken("predictive", "spec.replicas", 3), ["replicas-not-owned"]],
    ["an empty tier without its 0", broken("burst", "spec.replicas", undefined), ["replicas-not-owned"]],
    [
      "a wrong priority",
      broken("predictive", "spec.template.spec.priorityClassName", "tiercast-shop-baseline"),
      ["priority-rules"],
    ],
    [
      "a placeholder above units",
      broken("warm-placeholders", "spec.template.spec.priorityClassName", "tiercast-shop-burst"),
      ["priority-rules"],
    ],
    [
      "larger pods at the same sizes",
      broken("baseline", `${CONTAINER}.resources.requests`, { cpu: "1000m", memory: "100Gi" }),
      ["requests-and-limits", "requests-cost-max"],
    ],
    ["a label missing", broken("route", "metadata.labels.team", undefined), ["required-labels"]],
    [
      "a Deployment of no tier",
      broken("burst", "metadata.labels", {
        "app.kubernetes.io/name": "shop",
        "app.kubernetes.io/managed-by": "tiercast",
        team: "web",
      }),
      ["replicas-not-owned", "tier-objects-kept"],
    ],
    ["no baseline Deployment", HAPPY.filter(({ name }) => name !== "baseline"), ["tier-objects-kept"]],
    [
      "no baseline HPA",
      HAPPY.filter(({ name }) => name !== "baseline-hpa"),
      ["hpa-bounds", "tier-objects-kept"],
    ],
    [
      "no baseline at all",
      HAPPY.filter(({ name }) => !name.startsWith("baseline")),
      ["tiers-present", "hpa-bounds", "tier-objects-kept", "requests-cost-max"],
    ],
    ["too large a step up", broken("baseline-units", "unitsBefore", -1), ["step-up-max", "step-down-max"]],
    ["a step down from the deployed state", broken("predictive-units", "unitsBefore", 6), ["step-down-max"]],
    ["two policies' worth of plans", HAPPY.filter(({ name }) => name !== "plan"), ["plan-present"]],
  ])("%s", (_name, resources, names) => expect(refusals(resources)).toEqual(names));

  test("tops together above the total", () => {
    const wide = broken("predictive-hpa", "spec.maxReplicas", 20);
    expect(refusals(wide, { ...CLUSTER_LIMITS, maxTotalUnits: 23, burstReserveUnits: 0 })).toEqual([
      "hpa-bounds",
    ]);
    expect(refusals(wide, { ...CLUSTER_LIMITS, maxTotalUnits: 24, burstReserveUnits: 0 })).toEqual([]);
  });

  test("limits that were not made for a cluster refuse all", () => {
    const { kubernetes: _none, ...local } = CLUSTER_LIMITS;
    expect(refusals(HAPPY, local)).toEqual(["hpa-bounds", "requests-cost-max"]);
  });
});

test.each(["hpa-bounds", "requests-cost-max"])("%s refuses when a limit is missing or garbled", (policy) => {
  const own = policyConfig(CLUSTER_LIMITS)[policy] ?? {};
  const rule = RULES.find(({ name }) => name === policy);
  if (rule?.scope !== "stack") throw new Error(policy);
  for (const key of Object.keys(own)) {
    for (const value of [undefined, null, "9", Number.NaN, -1]) {
      expect(rule.judge(HAPPY, { ...own, [key]: value }).length).toBeGreaterThan(0);
    }
  }
});

describe("the base stack", () => {
  const tags = { service: "shop", "managed-by": "tiercast", team: "web" };
  const base = (priorities: typeof CLUSTER.priorities): readonly Resource[] => [
    { type: "tiercast:local:Platform", name: "platform", props: { tags } },
    ...baseObjects({
      service: "shop",
      platform: "kubernetes",
      settings: { ...CLUSTER, priorities },
      maxWarmUnits: 4,
      tags,
    }).map(asResource),
  ];

  test("passes all", () => expect(refusals(base(CLUSTER.priorities))).toEqual([]));

  test.each([
    ["predictive as high as baseline", { predictive: 4000 }],
    ["burst above predictive", { burst: 3500 }],
    ["placeholders above burst", { warm: 2001 }],
  ])("%s is refused", (_name, priorities) => {
    expect(refusals(base({ ...CLUSTER.priorities, ...priorities }))).toEqual(["priority-rules"]);
  });
});

test("an adopted service has one HPA and no tiers of its own", () => {
  const { resources } = CLUSTER.workload;
  const workload = { kind: "adopt", deployment: "web", hpa: "web", resources } as const;
  const settings = { ...CLUSTER, workload, warm: { mode: "none" } } as const;
  expect(refusals(clusterResources(clusterInputs({ units: UNITS, settings }), UNITS))).toEqual([]);
});

describe("every graph that is rendered", () => {
  const plan = fc.record({
    units: fc.record({ baseline: fc.nat(14), predictive: fc.nat(24), burst: fc.nat(16) }),
    warmUnits: fc.nat(5),
    maxTotalUnits: fc.integer({ min: 1, max: 40 }),
  });
  /** Rules that `decide` holds sizes to before anything is rendered. */
  const OF_SIZES = [
    "tier-units-max",
    "warm-units-max",
    "total-units-max",
    "cost-max",
    "baseline-min",
    "burst-reserve",
    "requests-cost-max",
  ];

  test("passes the rules of its objects, whatever the sizes", () => {
    let passed = 0;
    fc.assert(
      fc.property(plan, ({ units, warmUnits, maxTotalUnits }) => {
        const limits = { ...CLUSTER_LIMITS, maxTotalUnits, burstReserveUnits: 0 };
        const names = refusals(
          clusterResources(clusterInputs({ units, warmUnits, maxTotalUnits }), null),
          limits,
        );
        const total = units.baseline + units.predictive + units.burst;
        const isTooMuch = total > maxTotalUnits;
        // Sizes above the total are refused as sizes too: `decide` never lets them through.
        expect(names.includes("total-units-max")).toBe(isTooMuch);
        const allowed = isTooMuch ? [...OF_SIZES, "hpa-bounds"] : OF_SIZES;
        expect(names.filter((name) => !allowed.includes(name))).toEqual([]);
        if (names.length === 0) passed++;
      }),
      { numRuns: 500 },
    );
    expect(passed).toBeGreaterThan(20);
  });
});
