import type { Settings } from "../model/settings.ts";
import type { BaseInputs } from "../model/stack-inputs.ts";

/** Without a latency objective, a request that took this many times the service time counts as late. */
const LATE_FACTOR = 5;

/** What the base stack is a function of; the two files are where the supervisor says how to be reached and logs. */
export function baseInputs(
  settings: Settings,
  files: { readonly endpointFile: string; readonly logFile: string },
): BaseInputs {
  const { platform } = settings;
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
