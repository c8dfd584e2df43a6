import { callControl } from "../../src/local/control-client.ts";
import {
  absolutePath,
  amount,
  anyText,
  instantMs,
  optional,
  serviceName,
  tags,
  whole,
} from "./input-rules.ts";
import { planGenerationOf, readOrGone, removeOrGone } from "./platform-calls.ts";
import type { ResourceKind } from "./resource-kind.ts";

/**
 * Idle units made ready beforehand. The pool's end is said twice: `expiresMs` in the daemon's time is what is
 * wanted, and a new value renews the pool; `ttlWallMs` is what the supervisor counts down, on its own clock, so
 * that a pool ends also when the daemon has died. An expired pool is not drift: it reads back as it was declared,
 * and only a new `expiresMs` or size fills it again.
 */
export const warmPoolKind: ResourceKind = {
  type: "tiercast:local:WarmPool",
  rules: {
    service: serviceName(),
    units: whole(0, 10_000),
    unitsBefore: optional(whole(0, 10_000)),
    priceUsdPerUnitHour: amount(0, 1_000_000),
    expiresMs: optional(instantMs()),
    ttlWallMs: optional(amount(0, 31_536_000_000)),
    reason: anyText(),
    tags: tags(),
    endpointFile: absolutePath(),
  },
  complete: (news, olds) => ({ ...news, unitsBefore: olds["units"] ?? null }),
  conflicts: () => [],
  ignored: ["unitsBefore", "ttlWallMs", "reason"],
  replacing: ["service", "endpointFile"],
  needsRepair: () => false,
  idOf: (inputs) => `${inputs["service"]}/warm`,
  put: async (inputs, memory) => {
    const endpointFile = String(inputs["endpointFile"]);
    await callControl(endpointFile, "PUT", "/warm", {
      units: inputs["units"],
      ttlWallMs: inputs["ttlWallMs"] ?? null,
      expiresMs: inputs["expiresMs"] ?? null,
      reason: inputs["reason"],
      planGeneration: planGenerationOf(memory, endpointFile),
    });
    return inputs;
  },
  read: async (inputs) => {
    const found = await readOrGone(String(inputs["endpointFile"]), "/warm");
    const present = found && { ...inputs, units: found["units"], expiresMs: found["expiresMs"] };
    return present && { inputs: present, outputs: present };
  },
  remove: async (outputs) => removeOrGone(String(outputs["endpointFile"]), "/warm"),
};
