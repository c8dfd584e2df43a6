import type { PolicyConfigSchema } from "@pulumi/policy";

/** The resource types the pack knows. What other resources a stack holds is none of its business. */
export const TIER = "tiercast:local:Tier";
export const WARM_POOL = "tiercast:local:WarmPool";
export const WARM_KIND = "tiercast:local:WarmKind";
export const PLAN = "tiercast:local:Plan";
export const PLATFORM = "tiercast:local:Platform";
export const KNOWN_TYPES: readonly string[] = [TIER, WARM_POOL, WARM_KIND, PLAN, PLATFORM];

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
