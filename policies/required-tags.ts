import { labelOf, missingLimit, readKnown, shown } from "./reading.ts";
import { KNOWN_TYPES, type ResourceRule, UNKNOWN } from "./rule.ts";

/** Every resource says whose it is: each required tag is there and not empty. */
export const requiredTags: ResourceRule = {
  scope: "resource",
  name: "required-tags",
  description: "Every resource carries the required tags.",
  types: KNOWN_TYPES,
  configSchema: {
    properties: { requiredTags: { type: "array", items: { type: "string", minLength: 1 } } },
    required: ["requiredTags"],
  },
  judge(resource, config) {
    const required = config["requiredTags"];
    if (!Array.isArray(required) || !required.every((tag) => typeof tag === "string")) {
      return [missingLimit("requiredTags", required, "a list of tag names")];
    }
    const tags = readKnown(resource, "tags");
    if ("problem" in tags) return [tags.problem];
    if (typeof tags.value !== "object" || tags.value === null) {
      return [`${labelOf(resource)} has tags ${shown(tags.value)}: give a map of names to text.`];
    }
    const map = tags.value as Readonly<Record<string, unknown>>;
    return required.flatMap((tag) => judgeTag(labelOf(resource), tag, map, required.length));
  },
};

function judgeTag(
  label: string,
  tag: string,
  tags: Readonly<Record<string, unknown>>,
  count: number,
): readonly string[] {
  const value = Object.hasOwn(tags, tag) ? tags[tag] : undefined;
  if (value === UNKNOWN) {
    return [
      `Tag ${tag} of ${label} cannot be checked: it is not known before the update; give a fixed text.`,
    ];
  }
  if (typeof value === "string" && value.trim() !== "") return [];
  return [
    `${label} has tag ${tag} ${shown(value)}, one of the ${count} required: ` +
      "set it under tags or take it out of policies.limits.requiredTags.",
  ];
}
