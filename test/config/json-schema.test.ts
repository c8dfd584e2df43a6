import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { FORECAST_MEMBERS } from "../../src/config/forecast-members.ts";
import { configJsonSchema, configJsonSchemaText } from "../../src/config/json-schema.ts";
import { MEMBERS } from "../../src/forecast/registry.ts";
import { referenceTables } from "./reference-tables.ts";

interface SchemaNode {
  readonly description?: string;
  readonly pattern?: string;
  readonly additionalProperties?: boolean;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

const FILE = new URL("../../schema/tiercast.schema.json", import.meta.url);

/** Every setting below `node`, with its path. */
function settings(node: SchemaNode, path = ""): readonly (readonly [string, SchemaNode])[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => [
    [`${path}${key}`, child] as const,
    ...settings(child, `${path}${key}.`),
  ]);
}

// `npx vitest run test/config/json-schema.test.ts -u` writes the file anew.
test("the committed schema is what the code makes", async () => {
  await expect(configJsonSchemaText()).toMatchFileSnapshot("../../schema/tiercast.schema.json");
  expect(JSON.parse(await readFile(FILE, "utf8"))).toEqual(configJsonSchema());
});

test("it is draft-07, closed, and describes every setting", () => {
  const schema = configJsonSchema() as SchemaNode & { readonly $schema?: string };
  expect(schema.$schema).toBe("http://json-schema.org/draft-07/schema#");
  expect(schema.additionalProperties).toBe(false);
  const all = settings(schema);
  expect(all.length).toBeGreaterThan(90);
  expect(
    all.filter(([, node]) => node.properties !== undefined && node.additionalProperties !== false),
  ).toEqual([]);
  const undescribed = all.filter(
    ([path, { description = "" }]) => description === "" && !path.startsWith("policies.limits.price"),
  );
  expect(undescribed.map(([path]) => path)).toEqual([]);
});

test("its patterns work without the u flag, as editors run them", () => {
  const patterns = settings(configJsonSchema() as SchemaNode).flatMap(([, { pattern }]) => pattern ?? []);
  expect(patterns.length).toBeGreaterThan(10);
  expect(patterns.filter((pattern) => /\\p\{/.test(pattern))).toEqual([]);
});

test("members that can be named are those the forecast stage has", () => {
  expect([...FORECAST_MEMBERS].sort()).toEqual(MEMBERS.map((member) => member.name).sort());
});

test("the tables of the documentation are what the schema says", async () => {
  const text = await readFile(new URL("../../docs/configuration.md", import.meta.url), "utf8");
  const lines = new Set(text.split("\n"));
  const tables = referenceTables(configJsonSchema());
  expect(tables.split("\n").filter((line) => !lines.has(line))).toEqual([]);
  expect(text).toContain(tables.trim());
});
