import type {
  CheckResult,
  CreateResult,
  DiffResult,
  Provider,
  UpdateResult,
} from "@pulumi/pulumi/provider/index.js";
import { main } from "@pulumi/pulumi/provider/index.js";

/**
 * The smallest provider of tier resources: keeps inputs as outputs and fills `unitsBefore` from the engine's
 * old state, as the real one does. For trials of the policy pack, which must not depend on a platform.
 */
type Props = Readonly<Record<string, unknown>>;

const trialProvider: Provider = {
  version: "0.1.0",
  schema: JSON.stringify({ name: "tiercast", version: "0.1.0" }),
  async check(urn: string, olds: Props, news: Props): Promise<CheckResult> {
    if (!urn.includes("tiercast:local:Tier::")) return { inputs: news };
    return { inputs: { ...news, unitsBefore: olds["units"] ?? null } };
  },
  async diff(_id: string, _urn: string, olds: Props, news: Props): Promise<DiffResult> {
    return { changes: olds["units"] !== news["units"] };
  },
  async create(_urn: string, inputs: Props): Promise<CreateResult> {
    return { id: "trial", outs: inputs };
  },
  async update(_id: string, _urn: string, _olds: Props, news: Props): Promise<UpdateResult> {
    return { outs: news };
  },
  async delete(): Promise<void> {},
};

await main(trialProvider, process.argv.slice(2));
