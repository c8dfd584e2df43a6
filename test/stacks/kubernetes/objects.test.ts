import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { baseObjects } from "../../../stacks/kubernetes/base-objects.ts";
import type { ClusterObject } from "../../../stacks/kubernetes/cluster-object.ts";
import { daemonRules } from "../../../stacks/kubernetes/rights-objects.ts";
import { routeWeights } from "../../../stacks/kubernetes/route-object.ts";
import { tierObjects } from "../../../stacks/kubernetes/tier-objects.ts";
import { CLUSTER, clusterInputs } from "./fixture.ts";

const BASE = {
  service: "shop",
  platform: "kubernetes",
  settings: CLUSTER,
  maxWarmUnits: 4,
  tags: { service: "shop" },
} as const;

function find(objects: readonly ClusterObject[], name: string) {
  const found = objects.find((object) => object.name === name);
  if (found === undefined) throw new Error(`no object ${name}`);
  return found.manifest as never as {
    readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
    readonly spec: Readonly<Record<string, unknown>>;
  };
}

describe("levers", () => {
  test.each([
    ["room goes to predictive first", { baseline: 4, predictive: 3, burst: 2 }, 12, [4, 4], [3, 6], [2, 2]],
    [
      "what predictive may not take goes to burst",
      { baseline: 4, predictive: 18, burst: 2 },
      30,
      [4, 4],
      [18, 20],
      [2, 6],
    ],
    ["an empty tier is off", { baseline: 4, predictive: 0, burst: 2 }, 12, [4, 4], [1, 1], [2, 8]],
    ["no room, nothing moves", { baseline: 4, predictive: 3, burst: 2 }, 9, [4, 4], [3, 3], [2, 2]],
  ])("%s", (_name, units, maxTotalUnits, ...bounds) => {
    const objects = tierObjects(clusterInputs({ units, maxTotalUnits }));
    const seen = ["baseline-hpa", "predictive-hpa", "burst-hpa"].map((name) => {
      const { minReplicas, maxReplicas } = find(objects, name).spec;
      return [minReplicas, maxReplicas];
    });
    expect(seen).toEqual(bounds);
  });

  test("replicas are written for an empty tier alone, and taken by force only there", () => {
    const objects = tierObjects(clusterInputs({ units: { baseline: 4, predictive: 3, burst: 0 } }));
    expect(find(objects, "baseline").spec).not.toHaveProperty("replicas");
    expect(find(objects, "predictive").spec).not.toHaveProperty("replicas");
    expect(find(objects, "burst").spec["replicas"]).toBe(0);
    const forced = objects.filter(
      ({ name }) => "pulumi.com/patchForce" in (find(objects, name).metadata.annotations ?? {}),
    );
    expect(forced.map(({ name }) => name)).toEqual(["burst"]);
  });

  test("a new decision restarts no pod", () => {
    const a = clusterInputs({ units: { baseline: 4, predictive: 3, burst: 0 } });
    const b = {
      ...clusterInputs({ units: { baseline: 5, predictive: 9, burst: 3 } }),
      planGeneration: 8,
      decisionId: "d-8",
      tags: { team: "other" },
    };
    for (const tier of ["baseline", "predictive", "burst"]) {
      expect(find(tierObjects(a), tier).spec["template"]).toEqual(
        find(tierObjects(b), tier).spec["template"],
      );
    }
  });

  test("each lever carries decision, generation and size", () => {
    const objects = tierObjects(
      clusterInputs({ units: { baseline: 4, predictive: 3, burst: 0 }, warmUnits: 2 }),
    );
    expect(find(objects, "predictive-hpa").metadata.annotations).toMatchObject({
      "tiercast.dev/decision-id": "d-7",
      "tiercast.dev/plan-generation": "7",
      "tiercast.dev/planned-units": "3",
    });
    expect(find(objects, "warm-placeholders").metadata.annotations["tiercast.dev/expires-at"]).toBe(
      "2026-01-01T01:00:00.000Z",
    );
    expect(find(objects, "warm-placeholders").spec["replicas"]).toBe(2);
  });
});

describe("placement", () => {
  test("each tier has its nodes, tolerations, spread and spot", () => {
    const objects = tierObjects(clusterInputs({ units: { baseline: 4, predictive: 3, burst: 1 } }));
    const pod = (name: string) =>
      (find(objects, name).spec["template"] as { spec: Record<string, unknown> }).spec;
    expect(pod("baseline")).toMatchObject({
      nodeSelector: { pool: "reserved" },
      priorityClassName: "tiercast-shop-baseline",
      topologySpreadConstraints: [
        { maxSkew: 1, labelSelector: { matchLabels: { "tiercast.dev/tier": "baseline" } } },
      ],
    });
    expect(pod("predictive")).not.toHaveProperty("affinity");
    expect(pod("burst")).toMatchObject({
      tolerations: [{ key: "spot", operator: "Exists", effect: "NoSchedule" }],
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100 }] } },
    });
  });

  test.each([
    [{ mode: "none" }, []],
    [
      { mode: "capacity-buffer", provisioningStrategy: "buffer.x-k8s.io/active-capacity", image: "p" },
      ["PodTemplate", "CapacityBuffer"],
    ],
    [
      {
        mode: "karpenter-nodepool",
        unitsPerNode: 2,
        nodeClass: { group: "g", kind: "k", name: "n" },
        requirements: [],
      },
      ["NodePool"],
    ],
  ] as const)("warm capacity by %j", (warm, kinds) => {
    const settings = { ...CLUSTER, warm };
    const objects = tierObjects(
      clusterInputs({ units: { baseline: 1, predictive: 0, burst: 0 }, warmUnits: 3, settings }),
    );
    const warmOnes = objects.filter(({ name }) => name.startsWith("warm"));
    expect(warmOnes.map(({ manifest }) => manifest.kind)).toEqual(kinds);
    const sizes = warmOnes.flatMap(
      ({ manifest }) => (manifest["spec"] as { replicas?: number })?.replicas ?? [],
    );
    expect(sizes).toEqual(warm.mode === "karpenter-nodepool" ? [2] : warm.mode === "none" ? [] : [3]);
  });
});

describe("the route", () => {
  test.each([
    [{ baseline: 6, predictive: 3, burst: 0 }, { baseline: 9, predictive: 0, burst: 0 }, [67, 33, 0]],
    [{ baseline: 0, predictive: 0, burst: 0 }, { baseline: 2, predictive: 2, burst: 0 }, [50, 50, 0]],
    [{ baseline: 0, predictive: 0, burst: 0 }, { baseline: 0, predictive: 0, burst: 0 }, [100, 0, 0]],
    [{ baseline: 1, predictive: 1, burst: 1 }, { baseline: 9, predictive: 9, burst: 9 }, [34, 33, 33]],
  ])("ready %j, planned %j", (ready, planned, shares) => {
    expect(Object.values(routeWeights(ready, planned))).toEqual(shares);
  });

  test("weights add up to 100, and nothing goes where nothing is ready", () => {
    const units = fc.record({ baseline: fc.nat(500), predictive: fc.nat(500), burst: fc.nat(500) });
    fc.assert(
      fc.property(units, units, (ready, planned) => {
        const weights = routeWeights(ready, planned);
        expect(weights.baseline + weights.predictive + weights.burst).toBe(100);
        if (ready.baseline + ready.predictive + ready.burst === 0) return;
        for (const tier of ["baseline", "predictive", "burst"] as const) {
          if (ready[tier] === 0) expect(weights[tier]).toBe(0);
        }
      }),
    );
  });

  test("a class has a rule while its tier has units", () => {
    const rules = (ready: { baseline: number; predictive: number; burst: number }) => {
      const inputs = clusterInputs({ units: { baseline: 4, predictive: 3, burst: 1 }, readyUnits: ready });
      return find(tierObjects(inputs), "route").spec["rules"];
    };
    expect(rules({ baseline: 4, predictive: 3, burst: 0 })).toEqual([
      {
        matches: [{ headers: [{ type: "Exact", name: "x-sla", value: "gold" }] }],
        backendRefs: [{ name: "shop-baseline", port: 80 }],
      },
      {
        backendRefs: [
          { name: "shop-baseline", port: 80, weight: 57 },
          { name: "shop-predictive", port: 80, weight: 43 },
          { name: "shop-burst", port: 80, weight: 0 },
        ],
      },
    ]);
    expect(rules({ baseline: 4, predictive: 3, burst: 1 })).toHaveLength(3);
  });
});

describe("rights", () => {
  test("every write names its objects, none is of secrets, none deletes", () => {
    for (const rule of daemonRules(BASE)) {
      if (rule.verbs.some((verb) => !["get", "list"].includes(verb)))
        expect(rule.resourceNames?.length).toBeGreaterThan(0);
      expect(rule.resources).not.toContain("secrets");
      expect(rule.verbs).not.toContain("delete");
      expect([...rule.verbs, ...rule.resources, ...rule.apiGroups]).not.toContain("*");
    }
  });

  test("they name exactly what the tier stack writes", () => {
    const plurals: Readonly<Record<string, string>> = {
      ConfigMap: "configmaps",
      Deployment: "deployments",
      HorizontalPodAutoscaler: "horizontalpodautoscalers",
      HTTPRoute: "httproutes",
    };
    const written = tierObjects(clusterInputs({ units: { baseline: 4, predictive: 3, burst: 0 } })).map(
      ({ manifest: { kind, metadata } }) => `${plurals[kind]} ${metadata.name}`,
    );
    const allowed = daemonRules(BASE)
      .filter(({ verbs }) => verbs.includes("create"))
      .flatMap(({ resources, resourceNames }) =>
        (resourceNames ?? []).map((name) => `${resources[0]} ${name}`),
      );
    expect(allowed.toSorted()).toEqual(written.toSorted());
  });

  test("the daemon has no rights over its node or its own files", () => {
    const daemon = find(baseObjects(BASE), "daemon").spec;
    expect(daemon["replicas"]).toBe(2);
    expect(JSON.stringify(daemon)).toContain('"readOnlyRootFilesystem":true');
    expect(JSON.stringify(daemon)).toContain('"runAsNonRoot":true');
  });
});
