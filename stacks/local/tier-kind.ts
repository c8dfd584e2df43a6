import { callControl } from "../../src/local/control-client.ts";
import { TIERS } from "../../src/model/tier.ts";
import { absolutePath, amount, oneOf, optional, serviceName, tags, whole } from "./input-rules.ts";
import { planGenerationOf, readOrGone, removeOrGone } from "./platform-calls.ts";
import type { ResourceKind } from "./resource-kind.ts";

/**
 * The size of one tier. `unitsBefore` is the size in the engine's own state (null on create): the policy pack
 * checks steps with it without having to believe the daemon.
 */
export const tierKind: ResourceKind = {
  type: "tiercast:local:Tier",
  rules: {
    service: serviceName(),
    tier: oneOf(TIERS),
    units: whole(0, 10_000),
    unitsBefore: optional(whole(0, 10_000)),
    priceUsdPerUnitHour: amount(0, 1_000_000),
    tags: tags(),
    endpointFile: absolutePath(),
  },
  complete: (news, olds) => ({ ...news, unitsBefore: olds["units"] ?? null }),
  conflicts: () => [],
  ignored: ["unitsBefore"],
  replacing: ["service", "tier", "endpointFile"],
  needsRepair: () => false,
  idOf: (inputs) => `${inputs["service"]}/${inputs["tier"]}`,
  put: async (inputs, memory) => {
    const endpointFile = String(inputs["endpointFile"]);
    const planGeneration = planGenerationOf(memory, endpointFile);
    await callControl(endpointFile, "PUT", `/tiers/${inputs["tier"]}`, {
      units: inputs["units"],
      planGeneration,
    });
    return inputs;
  },
  read: async (inputs) => {
    const found = await readOrGone(String(inputs["endpointFile"]), `/tiers/${inputs["tier"]}`);
    const present = found && { ...inputs, units: found["units"] };
    return present && { inputs: present, outputs: present };
  },
  remove: async (outputs) => removeOrGone(String(outputs["endpointFile"]), `/tiers/${outputs["tier"]}`),
};
