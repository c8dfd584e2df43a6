import { callControl } from "../../src/local/control-client.ts";
import { absolutePath, instantMs, type Props, serviceName, tags, text, whole } from "./input-rules.ts";
import { readOrGone, removeOrGone } from "./platform-calls.ts";
import type { ResourceKind } from "./resource-kind.ts";

/**
 * The plan the tiers belong to. It is written first: a platform that holds a newer one refuses it, and with it
 * the whole update, however late an old engine run comes back to life.
 */
export const planKind: ResourceKind = {
  type: "tiercast:local:Plan",
  rules: {
    service: serviceName(),
    planGeneration: whole(1, Number.MAX_SAFE_INTEGER),
    decisionId: text(),
    cutoffMs: instantMs(),
    // What demand needs, before any limit: as far as the capacity model counts.
    observedUnits: whole(0, 100_000),
    tags: tags(),
    endpointFile: absolutePath(),
  },
  complete: (news) => news,
  conflicts: (news, olds, memory) => {
    const before = olds["planGeneration"];
    const after = Number(news["planGeneration"]);
    if (typeof before === "number" && after < before) {
      const reason = `stale plan: generation ${after} is refused, the stack's plan is generation ${before}`;
      return [{ property: "planGeneration", reason }];
    }
    memory.planGenerations.set(String(news["endpointFile"]), after);
    return [];
  },
  ignored: [],
  replacing: ["service", "endpointFile"],
  needsRepair: () => false,
  idOf: (inputs) => `${inputs["service"]}/plan`,
  put: async (inputs) => {
    const { planGeneration, decisionId, cutoffMs, observedUnits } = inputs;
    const plan = { planGeneration, decisionId, cutoffMs, observedUnits };
    await callControl(String(inputs["endpointFile"]), "PUT", "/plan", plan);
    return inputs;
  },
  read: async (inputs) => {
    const plan = await readOrGone(String(inputs["endpointFile"]), "/plan");
    return plan && { inputs: { ...inputs, ...plan }, outputs: { ...inputs, ...plan } };
  },
  remove: async (outputs: Props) => removeOrGone(String(outputs["endpointFile"]), "/plan"),
};
