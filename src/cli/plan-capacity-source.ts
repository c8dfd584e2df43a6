import { access } from "node:fs/promises";
import type { TodaySettings } from "../capacity/plan-values.ts";
import { quantileOf } from "../capacity/spread-of.ts";
import { processEnvironment } from "../config.ts";
import { type ServingModels, unitsFor } from "../decide/capacity.ts";
import { fitServing } from "../decide/learn-serving.ts";
import type { ScheduledEvent } from "../model/known-ahead.ts";
import { type DemandSeries, endMs } from "../model/series.ts";
import type { ServingEvidence } from "../model/serving-model.ts";
import type { Settings } from "../model/settings.ts";
import { DAY_MS, durationMs } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";
import { eventsOption } from "./events-option.ts";
import { openSettings } from "./open-settings.ts";
import { textOption } from "./options.ts";
import type { CapacityOptions } from "./plan-capacity-options.ts";
import { readInput } from "./read-input.ts";
import { wallTimeMs } from "./wall-time.ts";
import { withWired } from "./wired.ts";

/** Whose capacity is planned, and from what. */
export interface CapacitySubject {
  /** null for a file without a configuration. */
  readonly service: string | null;
  readonly source: string;
  readonly series: DemandSeries;
  readonly timeZone: string;
  readonly needUnits: (demandRps: number) => number;
  readonly today: TodaySettings;
  readonly events: readonly ScheduledEvent[];
  readonly warnings: readonly string[];
}

/** History that is asked of the configured source, whatever the forecast learns from. */
const LONGEST_MS = 1_100 * DAY_MS;
/** A server answers for a range step by step: a year and a month of it show the year's rhythm. */
const LONGEST_QUERY_MS = 400 * DAY_MS;
/** A source is not asked for more steps than this. */
const MOST_STEPS = 2_000_000;
/** So old a history is worth a word. */
const OLD_MS = 7 * DAY_MS;

/** Reads `--file`, else the configured source; `use` is called before anything is closed. */
export async function withCapacitySubject(
  call: CommandCall,
  options: CapacityOptions,
  use: (subject: CapacitySubject) => Promise<number>,
): Promise<number> {
  if (options.file !== undefined) return use(await subjectOfFile(call, options, options.file));
  const adjust = (settings: Settings): Settings => {
    const { stepMs, historyMs, source } = settings.demand;
    const longestMs = source === "prometheus" ? LONGEST_QUERY_MS : LONGEST_MS;
    const longMs = Math.max(historyMs, Math.min(longestMs, MOST_STEPS * stepMs));
    return { ...settings, demand: { ...settings.demand, historyMs: durationMs(longMs) } };
  };
  const choices = { lease: "none", readOnly: true, needsDemand: true, adjust } as const;
  return withWired(call, choices, async ({ parts }, { settings }) => {
    const { demand, clock, journal } = parts;
    const nowMs = clock.nowMs();
    const series = await demand.read(nowMs, settings.demand.historyMs).catch((error: unknown) => {
      throw error instanceof UserError ? error : new UserError(messageOf(error));
    });
    const { timeZone } = settings.demand;
    const planned = await eventsOption(call, { timeZone, nowMs: endMs(series) });
    const known = await parts.ahead?.read(nowMs);
    return use({
      service: settings.service,
      source: demand.name,
      series,
      timeZone,
      needUnits: needOf(settings, options.unitRps, journal.getState("service-times")),
      today: todayOf(settings, journal.appliedInputs()?.inputs.tiers.baseline.units),
      events: [...(known?.events ?? []), ...(planned?.events ?? [])],
      warnings: ageWarning(series, nowMs),
    });
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** FILE with the configuration in reach, else with the prices that `init` writes and no limits. */
async function subjectOfFile(
  call: CommandCall,
  { unitRps }: CapacityOptions,
  file: string,
): Promise<CapacitySubject> {
  const settings = (await hasConfig(call)) ? (await openSettings(call)).settings : undefined;
  const timeZone = textOption(call, "timeZone") ?? settings?.demand.timeZone;
  const input = await readInput({ ...call, options: { ...call.options, timeZone } }, file);
  const series = scaled(input.series, unitRps === undefined ? (settings?.demand.scale ?? 1) : 1);
  const planned = await eventsOption(call, { timeZone: input.timeZone, nowMs: endMs(series) });
  const chosenRps = unitRps ?? usualUnitRps(series);
  const unitLine = `no configuration: a unit is taken to carry ${chosenRps.toPrecision(4)} requests/s (--unit-rps)`;
  return {
    service: settings?.service ?? null,
    source: input.name,
    series,
    timeZone: input.timeZone,
    needUnits: settings ? needOf(settings, unitRps, null) : unitsOfRate(chosenRps),
    today: settings ? todayOf(settings, undefined) : WITHOUT_SETTINGS,
    events: planned?.events ?? [],
    warnings: [...input.warnings, ...(settings ? [] : [unitLine]), ...ageWarning(series, wallTimeMs())],
  };
}

async function hasConfig(call: CommandCall): Promise<boolean> {
  if (textOption(call, "config") !== undefined || processEnvironment()["TIERCAST_CONFIG"]) return true;
  return access("tiercast.yaml").then(
    () => true,
    () => false,
  );
}

/** Prices of the template that `init` writes; nothing to be reached. */
const WITHOUT_SETTINGS: TodaySettings = {
  tiers: {
    baseline: { minUnits: 0, maxUnits: Number.POSITIVE_INFINITY, priceUsdPerUnitHour: 0.06 },
    predictive: { minUnits: 0, maxUnits: Number.POSITIVE_INFINITY, priceUsdPerUnitHour: 0.1 },
    burst: { minUnits: 0, maxUnits: Number.POSITIVE_INFINITY, priceUsdPerUnitHour: 0.1 },
  },
  limits: {
    maxTotalUnits: Number.POSITIVE_INFINITY,
    maxCostUsdPerHour: Number.POSITIVE_INFINITY,
    burstReserveUnits: 0,
  },
  warm: { maxUnits: 0, priceUsdPerUnitHour: 0 },
  baselineUnits: undefined,
};

function todayOf({ tiers, limits, warm }: Settings, baselineUnits: number | undefined): TodaySettings {
  return { tiers, limits, warm, baselineUnits };
}

/** The capacity model of the decisions, with the safety margin and learned service times. */
function needOf(
  { resources, sizing }: Settings,
  unitRps: number | undefined,
  evidence: ServingEvidence | null,
): (demandRps: number) => number {
  if (unitRps !== undefined) return unitsOfRate(unitRps);
  const learned: ServingModels | null =
    evidence &&
    Object.fromEntries(
      resources.flatMap((resource) =>
        resource.kind === "queue" ? [[resource.name, fitServing(evidence, resource.serviceTimeMs)]] : [],
      ),
    );
  return (demandRps) => unitsFor(demandRps * (1 + sizing.marginFraction), resources, learned).units;
}

function unitsOfRate(unitRps: number): (demandRps: number) => number {
  return (demandRps) => Math.min(MOST_UNITS, Math.max(1, Math.ceil(demandRps / unitRps - 1e-9)));
}

/** The largest number of units that any sizing gives. */
const MOST_UNITS = 100_000;
/** The simulator's unit: a usual peak, the 0.995 quantile, needs 50. */
const USUAL_PEAK_UNITS = 50;

function usualUnitRps({ values }: DemandSeries): number {
  const known = values.filter((value) => value >= 0 && value < Number.POSITIVE_INFINITY).sort();
  const peakRps = quantileOf(known, 0.995);
  return peakRps > 0 ? peakRps / USUAL_PEAK_UNITS : 1;
}

function scaled(series: DemandSeries, scale: number): DemandSeries {
  return scale === 1 ? series : { ...series, values: series.values.map((value) => value * scale) };
}

function ageWarning(series: DemandSeries, nowMs: number): readonly string[] {
  const ageMs = nowMs - endMs(series);
  const days = Math.floor(Math.abs(ageMs) / DAY_MS);
  if (ageMs > OLD_MS) return [`history ends ${days} days ago: the plan counts from there`];
  return ageMs < -DAY_MS ? [`history goes on ${days} days beyond this machine's clock`] : [];
}
