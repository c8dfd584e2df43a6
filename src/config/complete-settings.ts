import { join, resolve } from "node:path";
import type { ParsedConfig } from "../config-schema.ts";
import type {
  LimitSettings,
  PolicySettings,
  ResourceSettings,
  Settings,
  SizingSettings,
  TierSettings,
} from "../model/settings.ts";
import type { Tier } from "../model/tier.ts";
import { DAY_MS, type DurationMs, durationMs, HOUR_MS, MINUTE_MS } from "../model/time.ts";
import { completeActivity } from "./activity-fields.ts";
import { completeKubernetes, kubernetesLimits } from "./complete-kubernetes.ts";
import { completePrometheus } from "./complete-prometheus.ts";
import { completePrewarm, completeWarmKinds, warmKindLimits, warmKindsCostUsd } from "./complete-warm.ts";
import { completeLatency } from "./latency-fields.ts";

/** Folders that stand for what the file leaves out. */
export interface SettingsFolders {
  /** Folder of the configuration file: relative paths start here. */
  readonly configFolder: string;
  /** The user's state folder for tiercast. */
  readonly stateFolder: string;
  readonly homeFolder: string | undefined;
}

const STANDARD_HORIZONS: readonly DurationMs[] = [
  durationMs(5 * MINUTE_MS),
  durationMs(30 * MINUTE_MS),
  HOUR_MS,
  DAY_MS,
];

/** Fills in the defaults that follow from other settings, and turns relative paths into absolute ones. */
export function completeSettings(parsed: ParsedConfig, folders: SettingsFolders): Settings {
  const limits = completeLimits(parsed);
  const tiers = completeTiers(parsed, limits.maxTotalUnits);
  const maxWarmUnits = parsed.warm.maxUnits ?? Math.ceil(limits.maxTotalUnits / 10);
  const warm = {
    maxUnits: maxWarmUnits,
    priceUsdPerUnitHour: parsed.warm.priceUsdPerUnitHour,
    expiryMs: parsed.warm.expiry,
    quantile: parsed.warm.quantile,
    ...(parsed.warm.kinds === undefined ? {} : { kinds: completeWarmKinds(parsed) }),
  };
  const stepMs = parsed.demand.step;
  const intervalMs = parsed.schedule.interval ?? stepMs;
  const file: FilePath = (path) => filePath(path, folders);
  const platform = completePlatform(parsed, limits.maxTotalUnits + maxWarmUnits, tiers, file);
  return {
    service: parsed.service,
    mode: parsed.mode,
    promotion:
      parsed.promotion === undefined
        ? undefined
        : { from: parsed.promotion.from, afterMs: parsed.promotion.after },
    gate: completeGate(parsed),
    demand: completeDemand(parsed, file),
    events: completeEvents(parsed, file),
    leading: completeLeading(parsed, file),
    resources: completeResources(parsed),
    horizons: parsed.horizons ?? defaultHorizons(stepMs),
    forecast: {
      members: parsed.forecast.members,
      refitMs: parsed.forecast.refit,
      trainMs: parsed.forecast.train ?? durationMs(Math.min(28 * DAY_MS, parsed.demand.history)),
      capFactor: parsed.forecast.capFactor,
      threads: parsed.forecast.threads,
    },
    tiers,
    warm,
    prewarm: completePrewarm(parsed, file),
    limits,
    risk: parsed.risk,
    sizing: completeSizing(parsed, intervalMs),
    ...(parsed.latency === undefined ? {} : { latency: completeLatency(parsed.latency) }),
    missing: {
      holdMs: parsed.missing.hold ?? durationMs(Math.max(30 * MINUTE_MS, 2 * stepMs)),
      fallbackUnits: parsed.missing.fallbackUnits ?? Math.ceil(limits.maxTotalUnits / 2),
    },
    leadTime: { priorMs: parsed.leadTime.prior, quantile: parsed.leadTime.quantile },
    schedule: {
      intervalMs,
      jitterFraction: parsed.schedule.jitterFraction,
      maxDecisionAgeMs: parsed.schedule.maxDecisionAge ?? durationMs(2 * intervalMs),
    },
    policies: completePolicies(parsed, file(parsed.policies.pack), { limits, tiers, warm, platform }),
    platform,
    pulumi: completePulumi(parsed, file(parsed.pulumi.passphraseFile)),
    state: {
      folder: file(parsed.state.folder) ?? join(folders.stateFolder, parsed.service),
      retention: parsed.state.retention,
    },
    http: parsed.http,
    tags: { service: parsed.service, "managed-by": "tiercast", ...parsed.tags },
    activity: completeActivity(parsed, file),
    ...(parsed.tenancy === undefined ? {} : { tenancy: { budgetFile: file(parsed.tenancy.budget) } }),
  };
}

function completeGate({ gate: { dwell, ...rest } }: ParsedConfig): Settings["gate"] {
  return { ...rest, dwellMs: dwell };
}

type FilePath = <T extends string | undefined>(path: T) => T;

function completeEvents({ events }: ParsedConfig, file: FilePath): Settings["events"] {
  const { holidays } = events;
  return {
    files: (events.files ?? []).map(file),
    holidays: holidays && { country: holidays.country, region: holidays.region },
    planned: events.planned ?? [],
  };
}

function completeLeading({ demand }: ParsedConfig, file: FilePath): Settings["leading"] {
  return (demand.leading ?? []).map(({ name, path, valueColumn, timeColumn }) => {
    return { name, path: file(path), valueColumn, timeColumn };
  });
}

function completeDemand({ demand }: ParsedConfig, file: FilePath): Settings["demand"] {
  return {
    source: demand.source,
    path: file(demand.path),
    valueColumn: demand.valueColumn,
    timeColumn: demand.timeColumn,
    stepMs: demand.step,
    timeZone: demand.timeZone,
    staleAfterMs: demand.staleAfter ?? durationMs(3 * demand.step),
    historyMs: demand.history,
    scale: demand.scale,
    prometheus: completePrometheus(demand, file),
  };
}

function completeResources({ resources, platform }: ParsedConfig): readonly ResourceSettings[] {
  if (resources === undefined) {
    const latencyObjectiveMs = durationMs(Math.max(500, Math.ceil(2.5 * platform.serviceTime)));
    const { slotsPerUnit, serviceTime: serviceTimeMs } = platform;
    const shared = { kind: "queue", name: "requests", latencyPercentile: 0.95 } as const;
    return [{ ...shared, slotsPerUnit, serviceTimeMs, latencyObjectiveMs }];
  }
  return resources.map((resource) => {
    if (resource.kind === "amount") return resource;
    const { serviceTime, latencyObjective, ...rest } = resource;
    return { ...rest, serviceTimeMs: serviceTime, latencyObjectiveMs: latencyObjective };
  });
}

function defaultHorizons(stepMs: number): readonly DurationMs[] {
  const fitting = STANDARD_HORIZONS.filter((horizon) => horizon >= stepMs && horizon % stepMs === 0);
  return fitting.length > 0 ? fitting : [durationMs(stepMs)];
}

function completeTiers({ tiers }: ParsedConfig, maxTotalUnits: number): Readonly<Record<Tier, TierSettings>> {
  const complete = (tier: ParsedConfig["tiers"][Tier]): TierSettings => ({
    ...tier,
    maxUnits: tier.maxUnits ?? maxTotalUnits,
  });
  return {
    baseline: complete(tiers.baseline),
    predictive: complete(tiers.predictive),
    burst: complete(tiers.burst),
  };
}

function completeLimits(parsed: ParsedConfig): LimitSettings {
  const { limits, tiers, warm } = parsed;
  const { maxTotalUnits } = limits;
  const dearest = Math.max(...Object.values(tiers).map((tier) => tier.priceUsdPerUnitHour));
  const freeUnits = Math.max(0, maxTotalUnits - tiers.baseline.minUnits - tiers.predictive.minUnits);
  const warmUnits = warm.maxUnits ?? Math.ceil(maxTotalUnits / 10);
  const everythingUsd =
    maxTotalUnits * dearest + warmUnits * warm.priceUsdPerUnitHour + warmKindsCostUsd(parsed);
  return {
    maxTotalUnits,
    maxCostUsdPerHour: limits.maxCostUsdPerHour ?? Math.ceil(everythingUsd * 100 - 1e-6) / 100,
    maxStepUpUnits: limits.maxStepUpUnits ?? Math.ceil(maxTotalUnits / 2),
    maxStepDownUnits: limits.maxStepDownUnits ?? Math.ceil(maxTotalUnits / 8),
    burstReserveUnits: limits.burstReserveUnits ?? Math.min(Math.floor(maxTotalUnits / 20), freeUnits),
    maxUpdatesPerHour: limits.maxUpdatesPerHour,
  };
}

function completeSizing({ sizing, tiers }: ParsedConfig, intervalMs: DurationMs): SizingSettings {
  const priceUsd = tiers.predictive.priceUsdPerUnitHour;
  return {
    rule: sizing.rule,
    underUsdPerUnitHour: sizing.underUsdPerUnitHour ?? (priceUsd > 0 ? Math.round(19e6 * priceUsd) / 1e6 : 1),
    releaseBand: sizing.releaseBand ?? (sizing.rule === "magnitude" ? 0.25 : 0.04),
    stabilizationMs: sizing.stabilization ?? durationMs(Math.max(5 * MINUTE_MS, 2 * intervalMs)),
    baselineReviewMs: sizing.baselineReview,
    baselineStepUnits: sizing.baselineStepUnits,
    minSavingUsdPerHour: sizing.minSavingUsdPerHour ?? priceUsd,
    updateCostUsd: sizing.updateCostUsd ?? updateCostUsd(priceUsd),
    marginFraction: sizing.marginFraction,
  };
}

/** An engine run keeps about as much of a machine busy as a unit does, preview and update together some 10 s. */
function updateCostUsd(priceUsdPerUnitHour: number): number {
  return Math.round(1e9 * priceUsdPerUnitHour * (10 / 3600)) / 1e9;
}

function completePolicies(
  parsed: ParsedConfig,
  pack: string | undefined,
  { limits, tiers, warm, platform }: Pick<Settings, "limits" | "tiers" | "warm" | "platform">,
): PolicySettings {
  const { policies, tenancy } = parsed;
  const { requiredTags, priceUsdPerUnitHour, warmKinds: _kinds, ...given } = policies.limits;
  const prices = {
    baseline: tiers.baseline.priceUsdPerUnitHour,
    predictive: tiers.predictive.priceUsdPerUnitHour,
    burst: tiers.burst.priceUsdPerUnitHour,
    warm: warm.priceUsdPerUnitHour,
  };
  const defaults = {
    maxBaselineUnits: tiers.baseline.maxUnits,
    maxPredictiveUnits: tiers.predictive.maxUnits,
    maxBurstUnits: tiers.burst.maxUnits,
    maxWarmUnits: warm.maxUnits,
    maxTotalUnits: limits.maxTotalUnits,
    maxStepUpUnits: limits.maxStepUpUnits,
    maxStepDownUnits: limits.maxStepDownUnits,
    maxCostUsdPerHour: limits.maxCostUsdPerHour,
    minBaselineUnits: tiers.baseline.minUnits,
    burstReserveUnits: limits.burstReserveUnits,
  };
  return {
    pack,
    limits: {
      ...givenOver(defaults, given),
      requiredTags,
      accountShareUnits: tenancy === undefined ? "none" : "per-plan",
      priceUsdPerUnitHour: givenOver(prices, priceUsdPerUnitHour),
      warmKinds: warmKindLimits(parsed),
      ...(platform.kind === "local"
        ? {}
        : { kubernetes: kubernetesLimits(platform, parsed.platform.kubernetes) }),
    },
  };
}

/** `defaults`, with what `given` says in their place. */
function givenOver<T extends Readonly<Record<string, number>>>(
  defaults: T,
  given: { readonly [K in keyof T]?: number | undefined },
): T {
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(said) };
}

function completePlatform(
  { platform, service }: ParsedConfig,
  neededUnits: number,
  tiers: Readonly<Record<Tier, TierSettings>>,
  file: FilePath,
): Settings["platform"] {
  if (platform.kind === "kubernetes") {
    return completeKubernetes(platform.kubernetes, { service, tiers, file });
  }
  return {
    kind: platform.kind,
    routerPort: platform.routerPort,
    slotsPerUnit: platform.slotsPerUnit,
    serviceTimeMs: platform.serviceTime,
    startMedianMs: platform.startMedian,
    startSigma: platform.startSigma,
    drainMs: platform.drain,
    queueLimit: platform.queueLimit,
    maxUnits: platform.maxUnits ?? Math.max(64, neededUnits),
  };
}

function completePulumi(
  { pulumi, service }: ParsedConfig,
  passphraseFile: string | undefined,
): Settings["pulumi"] {
  return {
    backend: pulumi.backend,
    project: pulumi.project,
    baseStack: pulumi.baseStack ?? `${service}-base`,
    tierStack: pulumi.tierStack ?? `${service}-tiers`,
    passphraseFile,
    deadlineMs: pulumi.deadline,
    memoryMib: pulumi.memoryMib,
  };
}

function filePath<T extends string | undefined>(path: T, folders: SettingsFolders): T {
  if (path === undefined) return path;
  if (path.startsWith("~/") && folders.homeFolder !== undefined)
    return join(folders.homeFolder, path.slice(2)) as T;
  return resolve(folders.configFolder, path) as T;
}
