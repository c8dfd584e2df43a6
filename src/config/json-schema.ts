import { z } from "zod";
import { configSchema } from "../config-schema.ts";

/** JSON Schema (draft-07, what editors understand) of the file as people write it. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { target: "draft-7", io: "input" });
  return { title: "tiercast.yaml", ...schema };
}

/** The text of `schema/tiercast.schema.json`. */
export function configJsonSchemaText(): string {
  const text = JSON.stringify(configJsonSchema(), null, 2);
  // Short lists of plain values on one line, as the formatter of this repository writes them.
  const joined = text.replaceAll(
    /^(.*)\[\n\s+([^[\]{}]*?)\n\s+\](,?)$/gm,
    (list, before: string, items: string, after: string) => {
      const line = `${before}[${items.replaceAll(/\s*\n\s*/g, " ")}]${after}`;
      return line.length <= 110 ? line : list;
    },
  );
  return `${joined}\n`;
}
