import type { CustomResource } from "@pulumi/pulumi";
import type { KubernetesBaseInputs } from "../../src/model/kubernetes.ts";
import { baseObjects } from "./base-objects.ts";
import { clusterProvider, declare, StateResource } from "./declare.ts";

/** The base stack as a function of its inputs: what does not change with load. Outputs: `namespace`. */
export function baseProgram(inputs: KubernetesBaseInputs): () => Promise<Record<string, unknown>> {
  return async () => {
    const { service, settings } = inputs;
    const namespace = settings.namespace.name;
    const tags = { ...inputs.tags, service };
    new StateResource("Platform", "platform", { service, namespace, tags });
    const provider = clusterProvider(settings.cluster, namespace);
    const [first, ...rest] = baseObjects(inputs);
    const made: CustomResource[] = [];
    if (first !== undefined) made.push(declare(first, { provider }));
    // The first is the namespace, where it is made at all.
    const dependsOn = settings.namespace.create ? made : [];
    for (const object of rest) declare(object, { provider, dependsOn });
    return { namespace };
  };
}
