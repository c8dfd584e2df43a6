import type { KubernetesPlatformSettings } from "../model/kubernetes.ts";
import type { Settings } from "../model/settings.ts";
import { TIERS } from "../model/tier.ts";
import { type CrossCheck, rule } from "./cross-check.ts";

/** A rule that holds for a Kubernetes platform alone. */
function clusterRule(
  path: string,
  needs: string,
  check: (platform: KubernetesPlatformSettings, settings: Settings) => string | undefined,
): CrossCheck {
  return rule(`platform.kubernetes.${path}`, needs, (settings) =>
    settings.platform.kind === "kubernetes" ? check(settings.platform, settings) : undefined,
  );
}

/** Values and keys of labels: tags become labels of every object. */
const LABEL = /^[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/;
const LABEL_KEY = /^(?:[a-z0-9.-]{1,253}\/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/;

export function kubernetesChecks(): readonly CrossCheck[] {
  return [
    clusterRule("workload.image", "platform.kubernetes.workload", ({ workload }) =>
      workload.kind === "template" && workload.image === ""
        ? "is missing: say what a unit is (add image: IMAGE, or adopt: {deployment, hpa})"
        : undefined,
    ),
    clusterRule("warm.nodeClass", "platform.kubernetes.warm", ({ warm }) =>
      warm.mode === "karpenter-nodepool" && warm.nodeClass.name === ""
        ? "is missing: karpenter-nodepool needs it (add {group, kind, name})"
        : undefined,
    ),
    ...TIERS.map((tier) =>
      clusterRule(`tiers.${tier}.maxReplicas`, `tiers.${tier}.maxUnits`, ({ tiers }, settings) => {
        const { maxUnits } = settings.tiers[tier];
        const { maxReplicas } = tiers[tier];
        return maxReplicas < maxUnits
          ? `${maxReplicas} is below tiers.${tier}.maxUnits ${maxUnits}: a plan could not be held (raise it)`
          : undefined;
      }),
    ),
    clusterRule(
      "priorities",
      "platform.kubernetes",
      ({ priorities: { baseline, predictive, burst, warm } }) =>
        baseline > predictive && predictive > burst && burst > warm
          ? undefined
          : "must fall from baseline over predictive and burst to warm (lower those that follow)",
    ),
    clusterRule("workload.resources", "platform.kubernetes", ({ workload: { resources } }) => {
      const { requests, limits } = resources;
      return requests.cpuMillicores > limits.cpuMillicores || requests.memoryMib > limits.memoryMib
        ? "requests more than its limits (raise limits)"
        : undefined;
    }),
    clusterRule("quota.pods", "limits.maxTotalUnits warm.maxUnits", ({ quota }, { limits, warm }) => {
      const needed = limits.maxTotalUnits + warm.maxUnits;
      return quota !== undefined && quota.pods < needed
        ? `${quota.pods} is below limits.maxTotalUnits + warm.maxUnits (${needed}; raise it)`
        : undefined;
    }),
    rule("tags", "platform.kind", ({ platform, tags }) => {
      if (platform.kind !== "kubernetes") return undefined;
      const wrong = Object.entries(tags).find(([key, value]) => !LABEL_KEY.test(key) || !LABEL.test(value));
      return wrong === undefined
        ? undefined
        : `${wrong[0]}: ${wrong[1]} is no Kubernetes label (letters, digits, - _ . at most 63)`;
    }),
  ];
}
