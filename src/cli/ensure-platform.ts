import { mayBeAlive } from "../local/endpoint-file.ts";
import type { Settings } from "../model/settings.ts";
import { baseInputs } from "../render/base-inputs.ts";
import type { WiredParts } from "./context.ts";
import { outcomeLine } from "./outcome-line.ts";

/**
 * Brings the base stack up where the local platform is not there: only in mode `active`, where acting is allowed.
 * What fails is logged; the daemon goes on and says so in each cycle.
 */
export async function ensurePlatform(
  { parts, files }: WiredParts,
  settings: Settings,
  signal: AbortSignal,
): Promise<void> {
  if (mayBeAlive(files.endpointFile)) return;
  if (settings.mode === "suggest") {
    parts.log.warn(
      "apply",
      "the base stack is not up, and a plan can only be applied on it: run `pulumi up`",
    );
  }
  if (settings.mode !== "active") return;
  parts.log.info("apply", `bringing up the base stack ${settings.pulumi.baseStack}`);
  const inputs = baseInputs(settings, { endpointFile: files.endpointFile, logFile: files.supervisorLog });
  const result = await parts.driver.updateBase(inputs, signal);
  if (result.kind === "updated") return;
  parts.log.error("apply", `the base stack is not up: ${outcomeLine({ apply: result, error: null })}`);
}
