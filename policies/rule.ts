import type { PolicyConfigSchema } from "@pulumi/policy";

/** The resource types the pack knows. What other resources a stack holds is none of its business. */
export const TIER = "tiercast:local:Tier";
export const WARM_POOL = "tiercast:local:WarmPool";
export const WARM_KIND = "tiercast:local:WarmKind";
export const PLAN = "tiercast:local:Plan";
export const PLATFORM = "tiercast:local:Platform";
export const KNOWN_TYPES: readonly string[] = [TIER, WARM_POOL, WARM_KIND, PLAN, PLATFORM];

/** The same things of a Kubernetes stack: the same rules hold for them, under the names above. */
const SAME_AS: Readonly<Record<string, string>> = {
  "tiercast:kubernetes:Tier": TIER,
  "tiercast:kubernetes:WarmPool": WARM_POOL,
  "tiercast:kubernetes:Plan": PLAN,
  "tiercast:kubernetes:Platform": PLATFORM,
};

/** The type under which the rules know a resource. */
export function ruleType(type: string): string {
  return SAME_AS[type] ?? type;
}

/** All engine types that a rule over `types` judges. */
export function engineTypes(types: readonly string[]): readonly string[] {
  const same = Object.keys(SAME_AS).filter((type) => types.includes(ruleType(type)));
  return [...types, ...same];
}

export const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
export const HPA = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler";
export const HPA_PATCH = "kubernetes:autoscaling/v2:HorizontalPodAutoscalerPatch";
export const PRIORITY_CLASS = "kubernetes:scheduling.k8s.io/v1:PriorityClass";
export const POD_TEMPLATE = "kubernetes:core/v1:PodTemplate";

/** Is it an object of a cluster, and not a provider or a resource of the engine alone? */
export function isClusterObject(type: string): boolean {
  return type.startsWith("kubernetes:");
}

/** Stands for a value that is not known before the update. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** A resource as the engine is about to apply it: the inputs that its provider has checked. */
export interface Resource {
  readonly type: string;
  readonly name: string;
  /** Null: the engine did not show this resource's inputs in this run. */
  readonly props: Readonly<Record<string, unknown>> | null;
}

export type PolicyConfiguration = Readonly<Record<string, unknown>>;

/** A policy over one resource of the given types. `judge` answers with violations, a sentence each. */
export interface ResourceRule {
  readonly scope: "resource";
  readonly name: string;
  readonly description: string;
  readonly types: readonly string[];
  readonly configSchema: PolicyConfigSchema;
  judge(resource: Resource, config: PolicyConfiguration): readonly string[];
}

/** A policy over all resources of a stack together. */
export interface StackRule {
  readonly scope: "stack";
  readonly name: string;
  readonly description: string;
  readonly configSchema: PolicyConfigSchema;
  judge(resources: readonly Resource[], config: PolicyConfiguration): readonly string[];
}

export type Rule = ResourceRule | StackRule;
