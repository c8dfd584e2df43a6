// biome-ignore lint/style/noRestrictedImports: WebAssembly bytes can only be read from their package.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { initSync, Prophet, type ProphetOptions } from "@bsull/augurs/prophet";
import { optimizer } from "@bsull/augurs-prophet-wasmstan";

let ready = false;

/**
 * A new, unfitted Prophet on the Stan optimizer. Always a fresh one: a second `fit` on an instance throws.
 * The package exports no path to its `.wasm`, so it is found beside the JavaScript entry.
 */
export function newProphet(options: Omit<ProphetOptions, "optimizer">): Prophet {
  if (!ready) {
    const entry = createRequire(import.meta.url).resolve("@bsull/augurs/prophet");
    initSync({ module: readFileSync(entry.replace(/prophet\.js$/, "prophet_bg.wasm")) });
    ready = true;
  }
  return new Prophet({ optimizer, ...options } as ProphetOptions);
}
