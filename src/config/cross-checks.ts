import { MODES, type Settings } from "../model/settings.ts";
import { TIERS, type Tier } from "../model/tier.ts";
import { formatDuration } from "../model/time.ts";
import { activityChecks } from "./activity-fields.ts";
import {
  type CrossCheck,
  rule,
  ruleIfGiven,
  smallestCostUsd,
  smallestTotal,
  warning,
} from "./cross-check.ts";
import { kubernetesChecks } from "./kubernetes-checks.ts";
import { policyChecks } from "./policy-checks.ts";
import { prometheusChecks } from "./prometheus-checks.ts";
import { warmChecks } from "./warm-checks.ts";

/** Every rule, in the order of the file. */
export function crossChecks(settings: Settings): readonly CrossCheck[] {
  return [
    ...demandChecks(),
    ...prometheusChecks(),
    ...resourceChecks(settings),
    ...horizonChecks(settings),
    ...forecastChecks(),
    ...gateChecks(),
    ...TIERS.map(tierCheck),
    ...warmChecks(settings),
    ...limitChecks(),
    ...riskAndMissingChecks(),
    ...latencyChecks(),
    ...scheduleChecks(),
    ...policyChecks(),
    ...platformChecks(),
    ...kubernetesChecks(),
    ...tagChecks(),
    ...activityChecks(),
  ];
}

function gateChecks(): readonly CrossCheck[] {
  return [
    rule("gate.promoteCoverage", "gate.demoteCoverage", ({ gate }) =>
      gate.promoteCoverage < gate.demoteCoverage
        ? `${gate.promoteCoverage} is below gate.demoteCoverage ${gate.demoteCoverage}: the forecast would come ` +
          "back only to be stopped (raise it)"
        : undefined,
    ),
    rule("gate.promoteLoss", "gate.demoteLoss", ({ gate }) =>
      gate.promoteLoss > gate.demoteLoss
        ? `${gate.promoteLoss} is above gate.demoteLoss ${gate.demoteLoss}: the forecast would come back only to ` +
          "be stopped (lower it)"
        : undefined,
    ),
    warning("promotion.from", "mode", ({ mode, promotion }) =>
      promotion !== undefined && MODES.indexOf(promotion.from) >= MODES.indexOf(mode)
        ? `${promotion.from} is not below mode ${mode}: there is nothing to rise to`
        : undefined,
    ),
  ];
}

function demandChecks(): readonly CrossCheck[] {
  return [
    rule("demand.source", "demand.path", ({ demand }) =>
      (demand.source === "csv" || demand.source === "access-log") && demand.path === undefined
        ? `${demand.source} needs demand.path (add path: FILE)`
        : undefined,
    ),
    rule("demand.staleAfter", "demand.step", ({ demand }) =>
      demand.staleAfterMs < demand.stepMs
        ? `${formatDuration(demand.staleAfterMs)} is below demand.step ${formatDuration(demand.stepMs)}: ` +
          "demand would always be stale (write at least two steps)"
        : undefined,
    ),
    rule("demand.history", "demand.step", ({ demand }) =>
      demand.historyMs < 12 * demand.stepMs
        ? `${formatDuration(demand.historyMs)} is less than 12 steps of ${formatDuration(demand.stepMs)} ` +
          "(write at least 14d: two weeks show a weekly rhythm)"
        : undefined,
    ),
    rule("demand.history", "demand.step", ({ demand }) =>
      demand.historyMs / demand.stepMs > 2_000_000
        ? `holds more than 2000000 steps of ${formatDuration(demand.stepMs)} (shorten it, or raise demand.step)`
        : undefined,
    ),
  ];
}

function resourceChecks({ resources }: Settings): readonly CrossCheck[] {
  return resources.flatMap((resource, i) => {
    const twice: CrossCheck = {
      ...rule("", "resources", (settings) =>
        settings.resources.findIndex((other) => other.name === resource.name) < i
          ? `${resource.name} names two resources (rename one)`
          : undefined,
      ),
      path: ["resources", i, "name"],
    };
    const tooSlow: CrossCheck = {
      ...rule("", "resources", () =>
        resource.kind === "queue" && resource.latencyObjectiveMs < resource.serviceTimeMs
          ? `${formatDuration(resource.latencyObjectiveMs)} is below serviceTime ` +
            `${formatDuration(resource.serviceTimeMs)}: no number of units meets it (raise it)`
          : undefined,
      ),
      path: ["resources", i, "latencyObjective"],
    };
    return [twice, tooSlow];
  });
}

function latencyChecks(): readonly CrossCheck[] {
  return [
    rule("latency.threshold", "latency resources", ({ latency, resources }) => {
      const slowest = Math.max(
        0,
        ...resources.map((each) => (each.kind === "queue" ? each.serviceTimeMs : 0)),
      );
      if (latency === undefined || latency.thresholdMs * latency.releaseBelowFraction > slowest)
        return undefined;
      const release = formatDuration(Math.round(latency.thresholdMs * latency.releaseBelowFraction));
      return (
        `${formatDuration(latency.thresholdMs)} releases units below ${release}, which a request of ` +
        `${formatDuration(slowest)} never is: nothing would be released (raise it)`
      );
    }),
  ];
}

function horizonChecks({ horizons }: Settings): readonly CrossCheck[] {
  return horizons.flatMap((horizonMs, i) => {
    const notWhole = rule("", "demand.step", ({ demand }) => {
      const below = Math.max(demand.stepMs, horizonMs - (horizonMs % demand.stepMs));
      return horizonMs % demand.stepMs !== 0
        ? `${formatDuration(horizonMs)} is not a multiple of demand.step ${formatDuration(demand.stepMs)} ` +
            `(write ${formatDuration(below)})`
        : undefined;
    });
    const twice = rule("", "horizons", (settings) =>
      settings.horizons.indexOf(horizonMs) < i ? "is there twice (delete one)" : undefined,
    );
    const tooFar = rule("", "demand.history", ({ demand }) =>
      horizonMs > demand.historyMs
        ? `${formatDuration(horizonMs)} is longer than demand.history ${formatDuration(demand.historyMs)}` +
          " (shorten it)"
        : undefined,
    );
    return [notWhole, twice, tooFar].map((check) => ({ ...check, path: ["horizons", i] }));
  });
}

function forecastChecks(): readonly CrossCheck[] {
  return [
    rule("forecast.train", "demand.history", ({ forecast, demand }) =>
      forecast.trainMs > demand.historyMs
        ? `${formatDuration(forecast.trainMs)} is more than demand.history keeps ` +
          `(${formatDuration(demand.historyMs)}; shorten it, or raise demand.history)`
        : undefined,
    ),
    rule("forecast.members", "forecast.members", ({ forecast }) =>
      new Set(forecast.members).size < forecast.members.length
        ? "names a member twice (delete one)"
        : undefined,
    ),
  ];
}

function tierCheck(tier: Tier): CrossCheck {
  return ruleIfGiven(`tiers.${tier}.maxUnits`, `tiers.${tier}.minUnits`, ({ tiers }) => {
    const { minUnits, maxUnits } = tiers[tier];
    return minUnits > maxUnits
      ? `${maxUnits} is below minUnits ${minUnits} (raise maxUnits or lower minUnits)`
      : undefined;
  });
}

function limitChecks(): readonly CrossCheck[] {
  const minimums = "tiers.baseline.minUnits tiers.predictive.minUnits tiers.burst.minUnits";
  return [
    rule("limits.maxTotalUnits", minimums, (settings) => {
      const smallest = smallestTotal(settings);
      const { maxTotalUnits } = settings.limits;
      return smallest > maxTotalUnits
        ? `${maxTotalUnits} is below the tiers' minUnits together (${smallest}; raise it or lower them)`
        : undefined;
    }),
    ruleIfGiven("limits.burstReserveUnits", `limits.maxTotalUnits ${minimums}`, ({ limits, tiers }) => {
      const room = limits.maxTotalUnits - tiers.baseline.minUnits - tiers.predictive.minUnits;
      return limits.burstReserveUnits > Math.max(0, room)
        ? `${limits.burstReserveUnits} leaves no room for the minUnits of baseline and predictive ` +
            `(write at most ${Math.max(0, room)})`
        : undefined;
    }),
    rule("limits.maxCostUsdPerHour", minimums, (settings) => {
      const smallestUsd = smallestCostUsd(settings);
      return settings.limits.maxCostUsdPerHour < smallestUsd - 1e-9
        ? `${settings.limits.maxCostUsdPerHour} is below the cost of the tiers' minUnits ` +
            `(${smallestUsd.toFixed(2)}; raise it)`
        : undefined;
    }),
  ];
}

function riskAndMissingChecks(): readonly CrossCheck[] {
  return [
    rule("risk.trustFloor", "risk.aggressiveAbove", ({ risk }) =>
      risk.trustFloor > risk.aggressiveAbove
        ? `${risk.trustFloor} is above aggressiveAbove ${risk.aggressiveAbove} (lower it)`
        : undefined,
    ),
    rule("missing.fallbackUnits", "limits.maxTotalUnits", ({ missing, limits }) =>
      missing.fallbackUnits > limits.maxTotalUnits
        ? `${missing.fallbackUnits} is above limits.maxTotalUnits ${limits.maxTotalUnits} (lower it)`
        : undefined,
    ),
    rule("missing.hold", "demand.staleAfter demand.step", ({ missing, demand }) =>
      missing.holdMs < demand.stepMs
        ? `${formatDuration(missing.holdMs)} is below demand.step ${formatDuration(demand.stepMs)}: ` +
          "one late sample would trigger the fallback (raise it)"
        : undefined,
    ),
  ];
}

function scheduleChecks(): readonly CrossCheck[] {
  return [
    rule("schedule.interval", "demand.step", ({ schedule, demand }) =>
      schedule.intervalMs < demand.stepMs
        ? `${formatDuration(schedule.intervalMs)} is below demand.step ${formatDuration(demand.stepMs)}: ` +
          `cycles would see nothing new (write ${formatDuration(demand.stepMs)})`
        : undefined,
    ),
    rule("schedule.maxDecisionAge", "pulumi.deadline", ({ schedule }) =>
      schedule.maxDecisionAgeMs < 1000
        ? `${formatDuration(schedule.maxDecisionAgeMs)} is shorter than any engine run (write 10m)`
        : undefined,
    ),
  ];
}

function platformChecks(): readonly CrossCheck[] {
  return [
    rule("platform.maxUnits", "limits.maxTotalUnits warm.maxUnits", ({ platform, limits, warm }) =>
      platform.kind === "local" && platform.maxUnits < limits.maxTotalUnits + warm.maxUnits
        ? `${platform.maxUnits} is below limits.maxTotalUnits + warm.maxUnits ` +
          `(${limits.maxTotalUnits + warm.maxUnits}; raise it)`
        : undefined,
    ),
    warning("platform.slotsPerUnit", "resources", ({ platform, resources }) => {
      const queue = resources.find((resource) => resource.kind === "queue");
      return platform.kind === "local" &&
        queue?.kind === "queue" &&
        queue.slotsPerUnit !== platform.slotsPerUnit
        ? `${platform.slotsPerUnit} differs from slotsPerUnit ${queue.slotsPerUnit} of resource ${queue.name}: ` +
            "sizes will be wrong by that factor"
        : undefined;
    }),
    rule("pulumi.tierStack", "pulumi.baseStack", ({ pulumi }) =>
      pulumi.tierStack === pulumi.baseStack ? "is the base stack too (name two stacks)" : undefined,
    ),
  ];
}

function tagChecks(): readonly CrossCheck[] {
  return [
    rule("policies.limits.requiredTags", "tags", ({ policies, tags }) => {
      const missing = policies.limits.requiredTags.filter((tag) => !Object.hasOwn(tags, tag));
      return missing.length > 0 ? `${missing.join(", ")} not among tags (add under tags:)` : undefined;
    }),
  ];
}
