import { clusterObjects, valueAt } from "./kubernetes-reading.ts";
import { labelOf, missingLimit, shown } from "./reading.ts";
import { HPA_PATCH, type Resource, type StackRule, UNKNOWN } from "./rule.ts";

/** Label keys of the tags that are known by another name in a cluster. */
const LABEL_OF: Readonly<Record<string, string>> = {
  service: "app.kubernetes.io/name",
  "managed-by": "app.kubernetes.io/managed-by",
};

/** Every object says whose it is: each required tag is one of its labels. An adopted HPA's labels are its owner's. */
export const requiredLabels: StackRule = {
  scope: "stack",
  name: "required-labels",
  description: "Every object of a cluster carries the required tags as labels.",
  configSchema: {
    properties: { requiredTags: { type: "array", items: { type: "string", minLength: 1 } } },
    required: ["requiredTags"],
  },
  judge(resources, config) {
    const required = config["requiredTags"];
    if (!Array.isArray(required) || !required.every((tag) => typeof tag === "string")) {
      return [missingLimit("requiredTags", required, "a list of tag names")];
    }
    return clusterObjects(resources)
      .filter(({ type }) => type !== HPA_PATCH)
      .flatMap((object) => required.flatMap((tag) => judgeLabel(object, LABEL_OF[tag] ?? tag)));
  },
};

function judgeLabel(object: Resource, key: string): readonly string[] {
  const labels = valueAt(object, "metadata.labels");
  const map = (typeof labels === "object" && labels !== null ? labels : {}) as Readonly<
    Record<string, unknown>
  >;
  const value = Object.hasOwn(map, key) ? map[key] : undefined;
  if (typeof value === "string" && value !== "") return [];
  const why = value === UNKNOWN || object.props === null ? "cannot be checked" : `is ${shown(value)}`;
  return [
    `Label ${key} of ${labelOf(object)} ${why}: set it, or take its tag out of policies.limits.requiredTags.`,
  ];
}
