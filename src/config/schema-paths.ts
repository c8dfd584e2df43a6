import { configJsonSchema } from "./json-schema.ts";
import type { SettingPath } from "./problem.ts";

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

/** Path of every setting and every group of settings, in the order of the schema. Inside of lists is left out. */
export function settingPaths(): readonly SettingPath[] {
  known ??= pathsBelow(configJsonSchema(), []);
  return known;
}

/** Made once: the schema does not change while the process lives. */
let known: readonly SettingPath[] | undefined;

function pathsBelow(node: SchemaNode, path: SettingPath): SettingPath[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const here = [...path, key];
    return [here, ...pathsBelow(child, here)];
  });
}
