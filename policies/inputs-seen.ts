import { isClusterObject, KNOWN_TYPES, type Resource, ruleType, UNKNOWN } from "./rule.ts";

/** Checked inputs by URN, as the engine showed them in this run. One process serves one run. */
export type InputsSeen = Map<string, Resource>;

/** Keeps a resource for the stack policies and gives it back in plain form. */
export function see(
  seen: InputsSeen,
  urn: string,
  type: string,
  name: string,
  props: Readonly<Record<string, unknown>>,
): Resource {
  const resource: Resource = { type: ruleType(type), name, props: plainProps(props) };
  seen.set(urn, resource);
  return resource;
}

/**
 * The stack's resources with their checked inputs.
 *
 * At the end of a run the engine shows outputs, and for a resource that did not change the outputs of its last
 * update: a `unitsBefore` from days ago. The inputs seen in this run are the truth; a resource that was not
 * seen has none and cannot be checked.
 */
export function resourcesSeen(
  seen: InputsSeen,
  listed: readonly { readonly urn: string; readonly type: string; readonly name: string }[],
): readonly Resource[] {
  return listed
    .filter(({ type }) => KNOWN_TYPES.includes(ruleType(type)) || isClusterObject(type))
    .map(({ urn, type, name }) => seen.get(urn) ?? { type: ruleType(type), name, props: null });
}

/** Properties as plain data. Reading one that is not known before the update throws: it becomes UNKNOWN. */
function plainProps(props: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.keys(props).map((key) => [key, plainValue(() => props[key])]));
}

function plainValue(read: () => unknown): unknown {
  let value: unknown;
  try {
    value = read();
  } catch {
    return UNKNOWN;
  }
  if (Array.isArray(value)) return Array.from(value.keys(), (i) => plainValue(() => value[i]));
  if (typeof value === "object" && value !== null) return plainProps(value as Record<string, unknown>);
  return value;
}
