import { TIERS } from "../../src/model/tier.ts";
import {
  amount,
  anyText,
  type InputRules,
  instantMs,
  oneOf,
  optional,
  type Props,
  serviceName,
  tags,
  text,
  whole,
} from "../local/input-rules.ts";
import type { ResourceKind } from "../local/resource-kind.ts";

/*
 * What the policy pack needs of a Kubernetes stack and its objects do not say: the sizes as the engine's own state
 * held them before, and the generation that fences stale plans. These resources live in that state alone; in the
 * cluster the sizes are HPAs, which depend on them.
 */

const SHARED: InputRules = { service: serviceName(), tags: tags() };

const platformKind: ResourceKind = stateKind({
  type: "tiercast:kubernetes:Platform",
  rules: { ...SHARED, namespace: text(63) },
  idOf: (inputs) => `${inputs["service"]}/platform`,
  replacing: ["service"],
});

const planKind: ResourceKind = {
  ...stateKind({
    type: "tiercast:kubernetes:Plan",
    rules: {
      ...SHARED,
      planGeneration: whole(1, Number.MAX_SAFE_INTEGER),
      decisionId: text(),
      cutoffMs: instantMs(),
      observedUnits: whole(0, 100_000),
    },
    idOf: (inputs) => `${inputs["service"]}/plan`,
    replacing: ["service"],
  }),
  conflicts: (news, olds) => {
    const before = olds["planGeneration"];
    const after = Number(news["planGeneration"]);
    if (typeof before !== "number" || after >= before) return [];
    const reason = `stale plan: generation ${after} is refused, the stack's plan is generation ${before}`;
    return [{ property: "planGeneration", reason }];
  },
};

const SIZE_RULES: InputRules = {
  ...SHARED,
  units: whole(0, 10_000),
  unitsBefore: optional(whole(0, 10_000)),
  priceUsdPerUnitHour: amount(0, 1_000_000),
};

const tierKind: ResourceKind = {
  ...stateKind({
    type: "tiercast:kubernetes:Tier",
    rules: { ...SIZE_RULES, tier: oneOf(TIERS) },
    idOf: (inputs) => `${inputs["service"]}/${inputs["tier"]}`,
    replacing: ["service", "tier"],
  }),
  complete: withUnitsBefore,
  ignored: ["unitsBefore"],
};

const warmPoolKind: ResourceKind = {
  ...stateKind({
    type: "tiercast:kubernetes:WarmPool",
    rules: { ...SIZE_RULES, expiresMs: optional(instantMs()), reason: anyText() },
    idOf: (inputs) => `${inputs["service"]}/warm`,
    replacing: ["service"],
  }),
  complete: withUnitsBefore,
  ignored: ["unitsBefore", "reason"],
};

export const KUBERNETES_STATE_KINDS: readonly ResourceKind[] = [
  platformKind,
  planKind,
  tierKind,
  warmPoolKind,
];

function withUnitsBefore(news: Props, olds: Props): Props {
  return { ...news, unitsBefore: olds["units"] ?? null };
}

function stateKind(kind: Pick<ResourceKind, "type" | "rules" | "idOf" | "replacing">): ResourceKind {
  return {
    ...kind,
    complete: (news) => news,
    conflicts: () => [],
    ignored: [],
    needsRepair: () => false,
    put: async (inputs) => inputs,
    read: async (inputs) => ({ inputs, outputs: inputs }),
    remove: async () => undefined,
  };
}
