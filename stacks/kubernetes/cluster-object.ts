import { ANNOTATIONS, FIELD_MANAGER, type KubernetesBaseInputs, LABELS } from "../../src/model/kubernetes.ts";
import type { StackInputs } from "../../src/model/stack-inputs.ts";
import type { Tier } from "../../src/model/tier.ts";

/** A manifest as Kubernetes takes it: plain JSON, no field that is undefined. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMetadata;
  readonly [field: string]: unknown;
}

export interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One object of a stack: declared by a program, or written as a file. */
export interface ClusterObject {
  /** Logical name, unique in the stack; never changes, or the object would be made anew. */
  readonly name: string;
  readonly manifest: Manifest;
  /** Only the fields of the manifest are held, of an object that is somebody else's. */
  readonly isPatch?: boolean;
  /** Waits for the object of the tier that it belongs to. */
  readonly tier?: Tier;
}

/** Tags whose names are no label keys of their own. */
const TAG_LABELS: Readonly<Record<string, string>> = {
  service: LABELS.service,
  "managed-by": LABELS.managedBy,
};

/** Labels of an object: whose it is, and the tags. Never on pods: a new tag restarts nothing. */
export function objectLabels(
  service: string,
  tags: Readonly<Record<string, string>>,
  tier?: Tier | "warm",
): Readonly<Record<string, string>> {
  const named = Object.entries(tags).map(([tag, value]) => [TAG_LABELS[tag] ?? tag, value]);
  return { ...Object.fromEntries(named), ...podLabels(service, tier) };
}

/** Labels by which pods are found; they never change, as selectors cannot. */
export function podLabels(service: string, tier?: Tier | "warm"): Readonly<Record<string, string>> {
  const own = { [LABELS.service]: service, [LABELS.managedBy]: FIELD_MANAGER };
  return tier === undefined ? own : { ...own, [LABELS.tier]: tier };
}

/**
 * Annotations that steer the provider: one field manager for every write, and no waiting, as `verify` waits itself
 * and says more.
 */
export const WRITE_ANNOTATIONS: Readonly<Record<string, string>> = {
  "pulumi.com/patchFieldManager": FIELD_MANAGER,
  "pulumi.com/skipAwait": "true",
};

/** Takes a field from its owner. Only where the plan owns it by name: replicas of an empty tier, an adopted HPA. */
export const FORCE_ANNOTATION: Readonly<Record<string, string>> = { "pulumi.com/patchForce": "true" };

/** Which decision set a lever; on levers alone. */
export function decisionAnnotations(inputs: StackInputs, units: number): Readonly<Record<string, string>> {
  return {
    ...WRITE_ANNOTATIONS,
    [ANNOTATIONS.decisionId]: inputs.decisionId,
    [ANNOTATIONS.planGeneration]: String(inputs.planGeneration),
    [ANNOTATIONS.plannedUnits]: String(units),
  };
}

/** Metadata of a base object; `namespace` undefined for objects of the whole cluster. */
export function baseMetadata(
  { service, settings, tags }: KubernetesBaseInputs,
  name: string,
  scope: "namespaced" | "cluster" = "namespaced",
  tier?: Tier | "warm",
): ObjectMetadata {
  return {
    name,
    ...(scope === "cluster" ? {} : { namespace: settings.namespace.name }),
    labels: objectLabels(service, tags, tier),
    annotations: WRITE_ANNOTATIONS,
  };
}
