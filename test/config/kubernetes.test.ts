import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { settingsFromText } from "../../src/config.ts";
import type { Settings } from "../../src/model/settings.ts";

function settingsOf(text: string): Settings {
  return settingsFromText(text, "/etc/tiercast.yaml", {}).settings;
}

const START = "service: shop\nplatform:\n  kind: kubernetes\n  kubernetes:\n";

describe("platform.kubernetes", () => {
  test("the example holds", () => {
    const path = join(import.meta.dirname, "../../examples/kubernetes.yaml");
    const { platform, policies } = settingsFromText(readFileSync(path, "utf8"), path, {}).settings;
    expect(platform).toMatchObject({
      kind: "kubernetes",
      cluster: { kind: "kubeconfig" },
      namespace: { name: "shop", create: true },
      workload: { kind: "template", image: "registry.example.com/shop:1.4.2" },
      tiers: { baseline: { maxReplicas: 10 }, predictive: { maxReplicas: 20 }, burst: { maxReplicas: 10 } },
      warm: { mode: "placeholder-pods" },
      delivery: { kind: "apply" },
    });
    expect(policies.limits.kubernetes).toEqual({
      maxReplicas: { baseline: 10, predictive: 20, burst: 10 },
      requestPrices: "none",
    });
  });

  test("a local platform hands the pack no limits of a cluster", () => {
    const { platform, policies } = settingsOf("service: shop");
    expect(platform.kind).toBe("local");
    expect(policies.limits).not.toHaveProperty("kubernetes");
  });

  test("a service is adopted in place of an image", () => {
    const settings = settingsOf(`${START}    workload: {adopt: {deployment: web, hpa: web-hpa}}`);
    expect(settings.platform).toMatchObject({
      workload: { kind: "adopt", deployment: "web", hpa: "web-hpa" },
    });
  });

  test.each([
    ["workload: {drain: 10s}", /workload\.image: is missing: say what a unit is/],
    [
      "workload: {image: a}\n    tiers: {predictive: {maxReplicas: 9}}",
      /predictive\.maxReplicas: 9 is below tiers\.predictive\.maxUnits 40/,
    ],
    ["workload: {image: a}\n    warm: {mode: karpenter-nodepool}", /warm\.nodeClass: is missing/],
    ["workload: {image: a}\n    priorities: {burst: 95000}", /priorities: must fall from baseline/],
    [
      "workload: {image: a}\n    quota: {pods: 20, cpuMillicores: 1000, memoryMib: 1000}",
      /quota\.pods: 20 is below/,
    ],
    ["workload: {image: a, resources: {requests: {cpuMillicores: 3000}}}", /requests more than its limits/],
    ["workload: {image: a}\ntags: {team: 'the web team'}", /the web team is no Kubernetes label/],
  ])("%s is refused", (text, message) => {
    expect(() => settingsOf(`${START}    ${text}`)).toThrow(message);
  });
});
