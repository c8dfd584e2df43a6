import { Registry } from "@prometheus-io/client";
import { MODES } from "../model/settings.ts";
import type { DaemonStatus, Health } from "../model/status.ts";
import { type Sizes, TIERS } from "../model/tier.ts";
import { formatDuration } from "../model/time.ts";
import {
  counter,
  gauge,
  histogram,
  type MetricFamily,
  type MetricSample,
  sample,
  samplesByName,
} from "./metric-family.ts";

export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Prometheus text of a status. A function of it alone: nothing is kept between scrapes. */
export function metricsText(status: DaemonStatus, health: Health): Promise<string> {
  return Registry.aggregate([metricFamilies(status, health)]).metrics();
}

/** Every metric there is, in the order in which they are shown; names and units as Prometheus asks for. */
export function metricFamilies(status: DaemonStatus, health: Health): MetricFamily[] {
  return [
    ...identity(status, health),
    ...cycles(status),
    ...demand(status),
    ...capacity(status),
    ...ownProcess(status),
  ];
}

function identity(status: DaemonStatus, health: Health): MetricFamily[] {
  const { version, service, stack } = status;
  return [
    gauge("tiercast_info", "Always 1; what runs here.", sample(1, { version, service, stack })),
    gauge("tiercast_healthy", "1 while the loop makes progress.", sample(health.kind === "healthy" ? 1 : 0)),
    gauge(
      "tiercast_mode",
      "1 for the mode that is on.",
      MODES.flatMap((mode) => sample(status.mode === mode ? 1 : 0, { mode })),
    ),
    gauge(
      "tiercast_forecast_acts",
      "1 while the forecast acts, 0 while the accuracy gate stops it.",
      sample(actsFigure(status)),
    ),
    gauge(
      "tiercast_paused",
      "1 while a person has paused the service.",
      sample(status.paused === null ? 0 : 1),
    ),
    gauge(
      "tiercast_approval_pending",
      "1 while a plan waits for a person.",
      sample(status.pendingApproval === null ? 0 : 1),
    ),
  ];
}

function actsFigure({ gate }: DaemonStatus): number | undefined {
  const acts = gate?.forecast?.forecastActs;
  return acts === undefined ? undefined : Number(acts);
}

function cycles(status: DaemonStatus): MetricFamily[] {
  const { totals } = status;
  return [
    counter("tiercast_cycles_total", "Cycles by how they ended.", samplesByName("outcome", totals.cycles)),
    gauge("tiercast_last_cycle", "Number of the last cycle.", sample(status.lastCycle?.cycle)),
    counter(
      "tiercast_decisions_total",
      "Decisions: change, or the reason to hold.",
      samplesByName("reason", totals.decisions),
    ),
    counter(
      "tiercast_engine_runs_total",
      "Updates that the engine ran, by how they ended.",
      samplesByName("outcome", totals.engineRuns),
    ),
    counter("tiercast_engine_seconds_total", "Engine time of applied updates.", sample(totals.engineSeconds)),
    counter(
      "tiercast_policy_violations_total",
      "Violations that the policy pack reported.",
      sample(totals.policyViolations),
    ),
    gauge("tiercast_plan_generation", "Generation of the last plan.", sample(status.planGeneration)),
    histogram("tiercast_stage_duration_seconds", "Wall time of a stage in a cycle.", "stage", totals.stages),
  ];
}

function demand(status: DaemonStatus): MetricFamily[] {
  const { demand: seen, forecast } = status;
  return [
    gauge("tiercast_demand_rps", "Demand of the last present step, requests/s.", sample(seen.rps)),
    gauge("tiercast_demand_staleness_seconds", "Age of the last present step.", sample(seconds(seen.ageMs))),
    gauge("tiercast_demand_fresh", "1 while demand is fresh.", sample(seen.freshness === "fresh" ? 1 : 0)),
    gauge(
      "tiercast_forecast_rps",
      "Forecast demand by horizon and quantile, requests/s.",
      forecast.flatMap(({ horizonMs, quantiles }) =>
        quantiles.flatMap(({ level, rps }) =>
          sample(rps, { horizon: formatDuration(horizonMs), quantile: String(level) }),
        ),
      ),
    ),
    gauge(
      "tiercast_forecast_coverage_ratio",
      "Measured coverage of the 90 % prediction interval.",
      forecast.flatMap((at) => sample(at.coverage90, { horizon: formatDuration(at.horizonMs) })),
    ),
    gauge("tiercast_trust_ratio", "Trust in the forecast, 0 to 1.", sample(status.trust)),
  ];
}

function capacity(status: DaemonStatus): MetricFamily[] {
  const { wanted, ready } = status.sizes;
  return [
    gauge("tiercast_tier_units", "Units per tier, wanted and ready.", [
      ...tierSamples("wanted", wanted),
      ...tierSamples("ready", ready),
    ]),
    gauge("tiercast_warm_units", "Warm units, wanted and ready.", [
      ...sample(wanted?.warmUnits, { state: "wanted" }),
      ...sample(ready?.warmUnits, { state: "ready" }),
    ]),
    gauge(
      "tiercast_warm_kind_count",
      "Warm pieces of other kinds than units, by state.",
      Object.entries(status.warmKinds ?? {}).flatMap(([kind, state]) => [
        ...sample(state.wantedCount, { kind, state: "wanted" }),
        ...sample(state.idleCount, { kind, state: "idle" }),
        ...sample(state.openingCount, { kind, state: "opening" }),
        ...sample(state.inUseCount, { kind, state: "in-use" }),
      ]),
    ),
    gauge(
      "tiercast_lead_time_seconds",
      "Decision to ready unit, as measured.",
      sample(seconds(status.leadTimeMs)),
    ),
    gauge(
      "tiercast_account_units",
      "Units of the shared account: asked for, granted, the floor.",
      accountSamples(status),
    ),
    counter(
      "tiercast_account_ledger_failures_total",
      "Cycles in which the ledger of the account could not be used.",
      sample(status.share?.ledgerFailures),
    ),
    gauge("tiercast_cost_usd_per_hour", "Cost of the wanted sizes.", sample(status.costUsdPerHour)),
  ];
}

function ownProcess(status: DaemonStatus): MetricFamily[] {
  const { eventLoopDelayP99Ms, residentBytes } = status.process;
  return [
    gauge(
      "tiercast_event_loop_delay_p99_seconds",
      "99th percentile of event-loop delay.",
      sample(seconds(eventLoopDelayP99Ms)),
    ),
    gauge("tiercast_resident_memory_bytes", "Resident memory of the daemon.", sample(residentBytes)),
    gauge("tiercast_journal_size_bytes", "Journal on disk, log included.", sample(status.journal.bytes)),
    gauge("tiercast_journal_cycles", "Cycle records in the journal.", sample(status.journal.cycles)),
  ];
}

function accountSamples({ share }: DaemonStatus): readonly MetricSample[] {
  if (share === undefined) return [];
  const { account, askedUnits, grantedUnits, floorUnits } = share;
  return [
    ...sample(askedUnits, { account, kind: "asked" }),
    ...sample(grantedUnits, { account, kind: "granted" }),
    ...sample(floorUnits, { account, kind: "floor" }),
  ];
}

function tierSamples(state: string, sizes: Sizes | null): readonly MetricSample[] {
  return TIERS.flatMap((tier) => sample(sizes?.units[tier], { tier, state }));
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
