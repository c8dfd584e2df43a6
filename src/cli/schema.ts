import { configJsonSchemaText } from "../config/json-schema.ts";
import { EXIT } from "./exit-codes.ts";
import { print } from "./output.ts";

/** The schema itself, without an envelope: editors and validators read it as it is. */
export async function runSchema(): Promise<number> {
  print(configJsonSchemaText());
  return EXIT.done;
}
