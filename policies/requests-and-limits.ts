import { containersOf, cpuCores, memoryGib, valueIn } from "./kubernetes-reading.ts";
import { labelOf, shown } from "./reading.ts";
import { DEPLOYMENT, POD_TEMPLATE, type ResourceRule } from "./rule.ts";

/** A pod without requests is scheduled blindly, one without limits may take its neighbours' room. */
export const requestsAndLimits: ResourceRule = {
  scope: "resource",
  name: "requests-and-limits",
  description: "Every container has requests and limits of cpu and memory, requests within limits.",
  types: [DEPLOYMENT, POD_TEMPLATE],
  configSchema: { properties: {} },
  judge(resource) {
    const containers = containersOf(resource);
    if (containers.length === 0) return [`${labelOf(resource)} has no containers that could be checked.`];
    return containers.flatMap((container) => [
      ...judgeAmount(labelOf(resource), container, "cpu", cpuCores),
      ...judgeAmount(labelOf(resource), container, "memory", memoryGib),
    ]);
  },
};

function judgeAmount(
  label: string,
  container: unknown,
  resource: "cpu" | "memory",
  read: (value: unknown) => number | undefined,
): readonly string[] {
  const name = `Container ${shown(valueIn(container, "name"))} of ${label}`;
  const request = valueIn(container, `resources.requests.${resource}`);
  const limit = valueIn(container, `resources.limits.${resource}`);
  const amounts = [read(request), read(limit)] as const;
  const [requested, limited] = amounts;
  if (requested === undefined || requested <= 0) {
    return [`${name} has ${resource} request ${shown(request)}: give an amount above 0.`];
  }
  if (limited === undefined) return [`${name} has ${resource} limit ${shown(limit)}: give an amount.`];
  if (requested <= limited) return [];
  return [
    `${name} requests more ${resource} (${shown(request)}) than its limit ${shown(limit)}: raise the limit.`,
  ];
}
