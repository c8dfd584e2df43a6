import { KUBERNETES_STATE_KINDS } from "../kubernetes/state-kinds.ts";
import type { Props } from "./input-rules.ts";
import { planKind } from "./plan-kind.ts";
import { platformKind } from "./platform-kind.ts";
import {
  type CheckResult,
  checkResource,
  type DiffResult,
  diffResource,
  type ReadResult,
  type ResourceKind,
  type RunMemory,
} from "./resource-kind.ts";
import { tierKind } from "./tier-kind.ts";
import { warmKind } from "./warm-kind.ts";
import { warmPoolKind } from "./warm-pool-kind.ts";

const KINDS: readonly ResourceKind[] = [
  platformKind,
  planKind,
  tierKind,
  warmPoolKind,
  warmKind,
  ...KUBERNETES_STATE_KINDS,
];

/** The provider's operations in plain values; `provider-server.ts` puts them behind gRPC. */
export interface Provider {
  check(urn: string, olds: Props, news: Props): CheckResult;
  diff(urn: string, oldInputs: Props, news: Props): DiffResult;
  create(urn: string, inputs: Props): Promise<{ readonly id: string; readonly outputs: Props }>;
  /** undefined: gone. */
  read(urn: string, inputs: Props): Promise<ReadResult | undefined>;
  update(urn: string, inputs: Props): Promise<Props>;
  remove(urn: string, outputs: Props): Promise<void>;
}

export function createProvider(): Provider {
  const memory: RunMemory = { planGenerations: new Map() };
  return {
    check: (urn, olds, news) => checkResource(kindOf(urn), olds, news, memory),
    diff: (urn, oldInputs, news) => diffResource(kindOf(urn), oldInputs, news),
    create: async (urn, inputs) => {
      const kind = kindOf(urn);
      return { id: kind.idOf(inputs), outputs: await kind.put(inputs, memory) };
    },
    read: async (urn, inputs) => {
      const kind = kindOf(urn);
      if (kind.rules["endpointFile"] !== undefined && inputs["endpointFile"] === undefined) {
        throw new Error("import is not supported: declare the resource and update; what exists is adopted");
      }
      return kind.read(inputs);
    },
    update: async (urn, inputs) => kindOf(urn).put(inputs, memory),
    remove: async (urn, outputs) => kindOf(urn).remove(outputs),
  };
}

/** The type is the last part of the third field: `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`. */
function kindOf(urn: string): ResourceKind {
  const type = urn.split("::")[2]?.split("$").at(-1);
  const kind = KINDS.find((each) => each.type === type);
  if (!kind) throw new Error(`no resource type ${type}: one of ${KINDS.map((each) => each.type).join(", ")}`);
  return kind;
}
