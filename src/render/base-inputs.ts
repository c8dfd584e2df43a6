import { localPlatform } from "../model/platform-settings.ts";
import type { Settings } from "../model/settings.ts";
import type { BaseInputs, LocalBaseInputs } from "../model/stack-inputs.ts";

/** Without a latency objective, a request that took this many times the service time counts as late. */
const LATE_FACTOR = 5;

/** Where the supervisor of the local platform says how to be reached, and where it logs. */
interface SupervisorFiles {
  readonly endpointFile: string;
  readonly logFile: string;
}

/** What the base stack is a function of. The two files are for the local platform. */
export function baseInputs(settings: Settings, files: SupervisorFiles): BaseInputs {
  const { platform, service, warm, tags } = settings;
  if (platform.kind === "local") return localBaseInputs(settings, files);
  return { service, platform: "kubernetes", settings: platform, maxWarmUnits: warm.maxUnits, tags };
}

/** As `baseInputs`; throws a `UserError` when the platform is another one. */
export function localBaseInputs(settings: Settings, files: SupervisorFiles): LocalBaseInputs {
  const platform = localPlatform(settings, "a supervisor");
  const queue = settings.resources.find((resource) => resource.kind === "queue");
  return {
    service: settings.service,
    platform: "local",
    endpointFile: files.endpointFile,
    logFile: files.logFile,
    routerPort: platform.routerPort,
    slotsPerUnit: platform.slotsPerUnit,
    serviceTimeMs: platform.serviceTimeMs,
    latencyObjectiveMs: queue?.latencyObjectiveMs ?? platform.serviceTimeMs * LATE_FACTOR,
    startMedianMs: platform.startMedianMs,
    startSigma: platform.startSigma,
    drainMs: platform.drainMs,
    queueLimit: platform.queueLimit,
    maxUnits: platform.maxUnits,
    tags: settings.tags,
  };
}
