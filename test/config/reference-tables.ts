/** A node of the JSON Schema, as far as the reference shows it. */
interface SchemaNode {
  readonly type?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: { readonly oneOf?: readonly SchemaNode[] };
}

const HEAD = "| Setting | Value | Default | Meaning |\n| --- | --- | --- | --- |\n";

/** The tables of docs/configuration.md, one for each group of settings, made from the JSON Schema. */
export function referenceTables(schema: SchemaNode): string {
  const sections = groupsOf(schema, []).map(([path, node]) => {
    const title = `\n### \`${path.join(".")}\`\n\n`;
    const lead = node.description === undefined ? "" : `${node.description}\n\n`;
    return `${title}${lead}${table(node)}${path.join(".") === "demand" ? resourceTables(schema) : ""}`;
  });
  return `### Top level\n\n${table(schema)}${sections.join("")}`;
}

function groupsOf(
  node: SchemaNode,
  path: readonly string[],
): readonly (readonly [readonly string[], SchemaNode])[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
    child.properties === undefined
      ? []
      : [[[...path, key], child] as const, ...groupsOf(child, [...path, key])],
  );
}

function resourceTables(schema: SchemaNode): string {
  const kinds = schema.properties?.["resources"]?.items?.oneOf ?? [];
  const tables = kinds.map((kind) => {
    const { const: name = "", description = "" } = kind.properties?.["kind"] ?? {};
    return `\nWith \`kind: ${name}\`: ${description}\n\n${table(kind)}`;
  });
  return `\n### \`resources\`\n\nA list; the resource that needs the most units decides.\n${tables.join("")}`;
}

function table(node: SchemaNode): string {
  return `${HEAD}${Object.entries(node.properties ?? {})
    .map(row)
    .join("")}`;
}

function row([key, node]: readonly [string, SchemaNode]): string {
  const { description = "" } = node;
  const [meaning = "", derived] = description.split(/ ?Default: /);
  const [said = "", rest = ""] = (derived ?? "").split(/\.(?: |$)(.*)/s);
  const value = node.properties === undefined ? valueText(node) : "group, see below";
  const standard = derived === undefined ? defaultText(node) : said;
  return `| \`${key}\` | ${value} | ${standard} | ${[meaning, rest].filter((text) => text !== "").join(" ")} |\n`;
}

function defaultText({ default: value, properties }: SchemaNode): string {
  if (value === undefined || properties !== undefined) return "";
  const text =
    typeof value === "string" ? value : JSON.stringify(value).replaceAll('"', "").replaceAll(",", ", ");
  return `\`${text}\``;
}

function valueText(node: SchemaNode): string {
  const { minimum, maximum } = node;
  if (node.enum !== undefined) return node.enum.map((word) => `\`${word}\``).join(", ");
  if (node.const !== undefined) return `\`${node.const}\``;
  if (node.pattern?.includes("ms|[smhdw]")) return "duration";
  if (node.exclusiveMinimum !== undefined) return "number above 0, below 1";
  const names: Readonly<Record<string, string>> = {
    integer: "whole number",
    array: "list",
    object: "group",
    string: "text",
  };
  const name = names[node.type ?? ""] ?? node.type ?? "";
  return minimum === undefined ? name : `${name}, ${minimum} to ${maximum}`;
}
