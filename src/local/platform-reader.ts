import type { PlatformState, TrafficSample } from "../model/platform.ts";
import type { PlatformReader } from "../model/ports.ts";
import { callControl } from "./control-client.ts";

const READ_TIMEOUT_MS = 3_000;

/** Reads the supervisor behind `endpointFile`. Rejects with one clear line when it does not answer in 3 s. */
export function createPlatformReader(endpointFile: string): PlatformReader {
  return {
    state: async () => (await read(endpointFile, "/state")) as PlatformState,
    traffic: async (fromWallMs) =>
      (await read(endpointFile, `/traffic?from=${fromWallMs}`)) as readonly TrafficSample[],
  };
}

function read(endpointFile: string, path: string): Promise<unknown> {
  return callControl(endpointFile, "GET", path, undefined, READ_TIMEOUT_MS);
}
