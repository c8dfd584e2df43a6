import type { LocalPlatformSettings, Settings } from "./settings.ts";
import type { DurationMs } from "./time.ts";
import { UserError } from "./user-error.ts";

/** The embedded platform's settings, for what only it can do; `what` names that. Throws a `UserError` elsewhere. */
export function localPlatform({ platform }: Pick<Settings, "platform">, what: string): LocalPlatformSettings {
  if (platform.kind === "local") return platform;
  throw new UserError(
    `platform.kind: ${what} needs local, not ${platform.kind} (write platform: {kind: local})`,
  );
}

/** Median time a unit takes to start, as configured: a simulated platform starts its units like that. */
export function startMedianMs({ platform, leadTime }: Pick<Settings, "platform" | "leadTime">): DurationMs {
  return platform.kind === "local" ? platform.startMedianMs : leadTime.priorMs;
}
