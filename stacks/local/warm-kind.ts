import { callControl } from "../../src/local/control-client.ts";
import {
  absolutePath,
  amount,
  anyText,
  type InputRule,
  instantMs,
  optional,
  pieceName,
  serviceName,
  tags,
  text,
  whole,
} from "./input-rules.ts";
import { planGenerationOf, readOrGone, removeOrGone } from "./platform-calls.ts";
import type { ResourceKind } from "./resource-kind.ts";

const MOST_PIECES = 1_000;

/**
 * Warm pieces of another kind than units: idle connections to a server, opened beforehand. As a warm pool's, the end is
 * said twice: `expiresMs` in the daemon's time, `ttlWallMs` for the supervisor's own clock; what is beyond `minCount`
 * ends with it, and that is no drift.
 */
export const warmKind: ResourceKind = {
  type: "tiercast:local:WarmKind",
  rules: {
    service: serviceName(),
    kind: pieceName(),
    count: whole(0, MOST_PIECES),
    minCount: whole(0, MOST_PIECES),
    priceUsdPerHour: amount(0, 1_000_000),
    expiresMs: optional(instantMs()),
    ttlWallMs: optional(amount(0, 31_536_000_000)),
    reason: anyText(),
    target: target(),
    tags: tags(),
    endpointFile: absolutePath(),
  },
  complete: (news) => news,
  conflicts: () => [],
  ignored: ["ttlWallMs", "reason"],
  replacing: ["service", "kind", "endpointFile"],
  needsRepair: () => false,
  idOf: (inputs) => `${inputs["service"]}/warm/${inputs["kind"]}`,
  put: async (inputs, memory) => {
    const endpointFile = String(inputs["endpointFile"]);
    const { host, port, hello, connectTimeoutMs } = inputs["target"] as Record<string, unknown>;
    await callControl(endpointFile, "PUT", `/kinds/${inputs["kind"]}`, {
      count: inputs["count"],
      minCount: inputs["minCount"],
      ttlWallMs: inputs["ttlWallMs"] ?? null,
      expiresMs: inputs["expiresMs"] ?? null,
      reason: inputs["reason"],
      target: { host, port, hello: hello ?? null, connectTimeoutMs },
      planGeneration: planGenerationOf(memory, endpointFile),
    });
    return inputs;
  },
  read: async (inputs) => {
    const found = await readOrGone(String(inputs["endpointFile"]), `/kinds/${inputs["kind"]}`);
    if (found === undefined) return undefined;
    const { count, minCount, expiresMs, target: stored } = found;
    const { hello, ...where } = stored as Record<string, unknown>;
    // The engine drops nulls from its state: written without, so that it reads back as it was declared.
    const present = {
      ...inputs,
      count,
      minCount,
      expiresMs,
      target: hello === null ? where : { ...where, hello },
    };
    return { inputs: present, outputs: present };
  },
  remove: async (outputs) => removeOrGone(String(outputs["endpointFile"]), `/kinds/${outputs["kind"]}`),
};

function target(): InputRule {
  const rules: Readonly<Record<string, InputRule>> = {
    host: text(253),
    port: whole(1, 65_535),
    connectTimeoutMs: amount(1, 600_000),
  };
  return (value) => {
    if (typeof value !== "object" || value === null)
      return "is missing: give host, port and connectTimeoutMs";
    const fields = value as Readonly<Record<string, unknown>>;
    for (const [name, rule] of Object.entries(rules)) {
      const reason = rule(fields[name]);
      if (reason !== undefined) return `: ${name} ${reason}`;
    }
    return undefined;
  };
}
