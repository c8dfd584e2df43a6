import type { LocalBaseInputs } from "../../src/model/stack-inputs.ts";
import { Platform } from "./resources.ts";

/** The base stack as a function of its inputs: what does not change with load. Outputs: `routerUrl`, `endpointFile`. */
export function baseProgram(inputs: LocalBaseInputs): () => Promise<Record<string, unknown>> {
  return async () => {
    const { platform: _kind, ...settings } = inputs;
    const tags = { ...inputs.tags, service: inputs.service };
    const platform = new Platform("platform", { ...settings, tags });
    return { routerUrl: platform.routerUrl, endpointFile: inputs.endpointFile };
  };
}
