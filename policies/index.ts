import { PolicyPack, type ResourceValidationPolicy, type StackValidationPolicy } from "@pulumi/policy";
import { type InputsSeen, resourcesSeen, see } from "./inputs-seen.ts";
import { PACK_NAME } from "./names.ts";
import { type ResourceRule, ruleType, type StackRule } from "./rule.ts";
import { RULES } from "./rules.ts";

/** PolicyPack reads its version from package.json in the working folder, wherever the engine started it. */
process.chdir(import.meta.dirname);

const seen: InputsSeen = new Map();

new PolicyPack(PACK_NAME, {
  enforcementLevel: "mandatory",
  policies: RULES.map((rule) => (rule.scope === "resource" ? resourcePolicy(rule) : stackPolicy(rule))),
});

function resourcePolicy(rule: ResourceRule): ResourceValidationPolicy {
  return {
    name: rule.name,
    description: rule.description,
    enforcementLevel: "mandatory",
    configSchema: rule.configSchema,
    validateResource(args, reportViolation) {
      const resource = see(seen, args.urn, args.type, args.name, args.props);
      if (!rule.types.includes(ruleType(args.type)))
        args.notApplicable(`Not one of ${rule.types.join(", ")}.`);
      for (const violation of rule.judge(resource, args.getConfig())) reportViolation(violation);
    },
  };
}

function stackPolicy(rule: StackRule): StackValidationPolicy {
  return {
    name: rule.name,
    description: rule.description,
    enforcementLevel: "mandatory",
    configSchema: rule.configSchema,
    validateStack(args, reportViolation) {
      const resources = resourcesSeen(seen, args.resources);
      for (const violation of rule.judge(resources, args.getConfig())) reportViolation(violation);
    },
  };
}
