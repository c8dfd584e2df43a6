import { z } from "zod";
import { activityField } from "./config/activity-fields.ts";
import { demandField } from "./config/demand-fields.ts";
import { eventsField } from "./config/event-fields.ts";
import {
  choiceField,
  countField,
  durationField,
  groupField,
  listField,
  numberField,
  priceField,
  quantileField,
  textField,
} from "./config/fields.ts";
import { FORECAST_MEMBERS } from "./config/forecast-members.ts";
import { gateField, promotionField } from "./config/gate-fields.ts";
import { kubernetesField } from "./config/kubernetes-fields.ts";
import { latencyField } from "./config/latency-fields.ts";
import { resourcesField } from "./config/resource-fields.ts";
import { tenancyField } from "./config/tenancy-field.ts";
import { prewarmField, warmKindsField } from "./config/warm-fields.ts";
import { MODES } from "./model/settings.ts";

const DAY = 86_400_000;
const FOLDER_RULE = "Relative paths start at the folder of this file.";

const forecast = groupField({
  members: listField("Members of the ensemble.", choiceField("A member.", FORECAST_MEMBERS), 16).prefault([
    ...FORECAST_MEMBERS,
  ]),
  refit: durationField("Heavy members are refitted this often; light ones each cycle.").prefault("6h"),
  train: durationField("Longest history a fit sees; at most demand.history. Default: 28d.").optional(),
  capFactor: numberField("Quantiles are capped at this times the highest demand in training.", {
    min: 1,
    max: 100,
  }).prefault(1.5),
  threads: countField("Threads that fit.", { min: 1, max: 64 }).prefault(1),
});

function tier(defaultMinUnits: number, defaultPrice: number) {
  return groupField({
    minUnits: countField("Smallest size.").prefault(defaultMinUnits),
    maxUnits: countField("Largest size. Default: limits.maxTotalUnits.").optional(),
    priceUsdPerUnitHour: priceField("Price of a unit for an hour.").prefault(defaultPrice),
  });
}

const limits = groupField({
  maxTotalUnits: countField("Largest sum of the three tiers.", { min: 1 }).prefault(40),
  maxCostUsdPerHour: priceField(
    "Most that all units may cost per hour. Default: every unit at the dearest price.",
  ).optional(),
  maxStepUpUnits: countField("Units a tier may grow in one update. Default: half of maxTotalUnits.", {
    min: 1,
  }).optional(),
  maxStepDownUnits: countField(
    "Units a tier may shrink in one update. Default: an eighth of maxTotalUnits.",
    {
      min: 1,
    },
  ).optional(),
  burstReserveUnits: countField(
    "Units of the total kept for burst. Default: 5 % of maxTotalUnits.",
  ).optional(),
  maxUpdatesPerHour: countField("Engine updates in an hour.", { min: 1, max: 3600 }).prefault(12),
});

const sizing = groupField({
  rule: choiceField("newsvendor: the quantile the costs ask for. magnitude: change times a risk factor.", [
    "newsvendor",
    "magnitude",
  ]).prefault("newsvendor"),
  underUsdPerUnitHour: numberField(
    "Cost of one unit missing for an hour. Default: 19 times the predictive price, the 0.95 quantile.",
    { min: 1e-9, max: 1e9 },
  ).optional(),
  releaseBand: numberField("Shrink only below size * (1 - band). Default: 0.04, with magnitude 0.25.", {
    min: 0,
    max: 0.9,
  }).optional(),
  stabilization: durationField(
    "A size is lowered to the largest need of this long. Default: 2 intervals, 5m at least.",
    { min: 0 },
  ).optional(),
  baselineReview: durationField("Baseline is reviewed this often.").prefault("24h"),
  baselineStepUnits: countField("Units the baseline moves in one review.", { min: 1 }).prefault(2),
  minSavingUsdPerHour: priceField(
    "Shrinking that saves less waits. Default: the predictive price.",
  ).optional(),
  updateCostUsd: numberField(
    "Price of one update; a change worth less within its window waits. Default: a predictive unit for 10 s.",
    { min: 0, max: 1_000_000 },
  ).optional(),
  marginFraction: numberField("Safety margin on top of the need; 0.1 is 10 %.", { min: 0, max: 5 }).prefault(
    0,
  ),
});

const policyLimits = groupField({
  maxBaselineUnits: countField("Default: tiers.baseline.maxUnits.").optional(),
  maxPredictiveUnits: countField("Default: tiers.predictive.maxUnits.").optional(),
  maxBurstUnits: countField("Default: tiers.burst.maxUnits.").optional(),
  maxWarmUnits: countField("Default: warm.maxUnits.").optional(),
  maxTotalUnits: countField("Default: limits.maxTotalUnits.").optional(),
  maxStepUpUnits: countField("Default: limits.maxStepUpUnits.").optional(),
  maxStepDownUnits: countField("Default: limits.maxStepDownUnits.").optional(),
  maxCostUsdPerHour: priceField("Default: limits.maxCostUsdPerHour.").optional(),
  minBaselineUnits: countField("Default: tiers.baseline.minUnits.").optional(),
  burstReserveUnits: countField("Default: limits.burstReserveUnits.").optional(),
  requiredTags: z
    .array(textField("A tag's name."))
    .describe("Tags every resource must carry.")
    .prefault(["service", "managed-by"]),
  priceUsdPerUnitHour: groupField({
    baseline: priceField("Default: tiers.baseline.priceUsdPerUnitHour.").optional(),
    predictive: priceField("Default: tiers.predictive.priceUsdPerUnitHour.").optional(),
    burst: priceField("Default: tiers.burst.priceUsdPerUnitHour.").optional(),
    warm: priceField("Default: warm.priceUsdPerUnitHour.").optional(),
  }).prefault({}),
  warmKinds: z
    .record(
      textField("A kind's name."),
      groupField({
        maxCount: countField("Default: the kind's maxCount.").optional(),
        priceUsdPerHour: priceField("Default: the kind's priceUsdPerHour.").optional(),
      }),
    )
    .describe("Cap and price of kinds of warm pieces, by name. Default: as in warm.kinds.")
    .optional(),
});

const platform = groupField({
  kind: choiceField("local: worker processes behind a router on this machine. kubernetes: a cluster.", [
    "local",
    "kubernetes",
  ]).prefault("local"),
  kubernetes: kubernetesField.describe("With kind: kubernetes.").optional(),
  routerPort: countField("Port of the router on loopback; 0 is any free port.", { max: 65_535 }).prefault(0),
  slotsPerUnit: countField("Requests a unit works on at a time.", { min: 1, max: 10_000 }).prefault(4),
  serviceTime: durationField("Mean time a request keeps a slot busy.").prefault("200ms"),
  startMedian: durationField("Median time from asking for a unit to ready, wall time.").prefault("3s"),
  startSigma: numberField("Spread of the start time: sigma of its logarithm.", { min: 0, max: 3 }).prefault(
    0.3,
  ),
  drain: durationField("Time a unit may take to finish its requests before it stops.", { min: 0 }).prefault(
    "5s",
  ),
  queueLimit: countField("Requests that wait in the router before it turns new ones away.").prefault(1000),
  maxUnits: countField("The supervisor runs no more units, whoever asks. Default: 64, or what limits need.", {
    min: 1,
  }).optional(),
});

const pulumi = groupField({
  backend: textField(
    "State backend (file://, s3://, gs://, azblob://, https://). Default: a folder under the state folder.",
    /^(?:file|s3|gs|azblob|https):\/\/(?!\S*:\S*@)\S*$/,
    "a Pulumi backend URL without a password in it, like file:///var/lib/tiercast",
  ).optional(),
  project: textField("Pulumi project.", /^[\w.-]{1,100}$/, "letters, digits, _ - or .").prefault("tiercast"),
  baseStack: textField(
    "Stack of what does not change with load. Default: SERVICE-base.",
    /^[\w.-]{1,100}$/,
    "letters, digits, _ - or .",
  ).optional(),
  tierStack: textField(
    "Stack of the three tiers. Default: SERVICE-tiers.",
    /^[\w.-]{1,100}$/,
    "letters, digits, _ - or .",
  ).optional(),
  passphraseFile: textField(
    `File with the passphrase. Default: made on first use. ${FOLDER_RULE}`,
  ).optional(),
  deadline: durationField("Wall time an engine run may take before it is interrupted, then killed.", {
    min: 10_000,
  }).prefault("5m"),
  memoryMib: countField("Memory an engine run may use.", { min: 256, max: 65_536 }).prefault(1024),
});

/** The central configuration file, as people write it: durations with units, derived values left out. */
export const configSchema = groupField({
  service: textField(
    "Name of the service that gets the capacity.",
    /^[a-z][a-z0-9-]{0,39}$/,
    "a name of a-z, 0-9 and -, at most 40 long",
  ),
  mode: choiceField(
    "How far a forecast is acted on: observe, shadow (plans and scores), suggest (a person approves), active.",
    MODES,
  ).prefault("shadow"),
  promotion: promotionField.optional(),
  gate: gateField
    .prefault({})
    .describe("When the forecast may act: while its scores over long windows hold."),
  demand: demandField.prefault({}).describe("What users ask for, and where it is read."),
  events: eventsField.prefault({}).describe("What is planned: campaigns, batch runs, public holidays."),
  resources: resourcesField.optional(),
  horizons: listField(
    "How far ahead forecasts are scored. Default: 5m, 30m, 1h, 24h, those that are whole steps.",
    durationField("A horizon.", { max: 14 * DAY }),
    16,
  ).optional(),
  forecast: forecast.prefault({}).describe("How demand is forecast."),
  tiers: groupField({
    baseline: tier(1, 0.06).prefault({}).describe("Units held through the whole day."),
    predictive: tier(0, 0.1).prefault({}).describe("Units the forecast asks for above baseline."),
    burst: tier(0, 0.1).prefault({}).describe("Units for what was not forecast."),
  })
    .prefault({})
    .describe("Limits and prices of the three tiers."),
  warm: groupField({
    maxUnits: countField("Most warm units. Default: 10 % of limits.maxTotalUnits.").optional(),
    priceUsdPerUnitHour: priceField("Price of a warm unit for an hour.").prefault(0.04),
    expiry: durationField("Warm units are given back after this.").prefault("30m"),
    quantile: quantileField("Forecast quantile that warm units cover.").prefault(0.99),
    kinds: warmKindsField.optional(),
  })
    .prefault({})
    .describe("Pre-initialised idle units, beside the three tiers."),
  prewarm: prewarmField.optional(),
  limits: limits.prefault({}).describe("Limits on sizes, steps, cost and updates."),
  risk: groupField({
    acceptable: choiceField("Acceptable risk.", ["high", "medium", "low"]).prefault("medium"),
    trustFloor: numberField("Trust below this: reactive-only.", { min: 0, max: 1 }).prefault(0.3),
    aggressiveAbove: numberField("Trust from this up, with demand rising: aggressive.", {
      min: 0,
      max: 1,
    }).prefault(0.7),
  })
    .prefault({})
    .describe("What trust in the forecast makes of the sizing."),
  sizing: sizing.prefault({}).describe("From forecast to units."),
  latency: latencyField.optional(),
  missing: groupField({
    hold: durationField(
      "Capacity is held this long after demand went missing. Default: 30m, but at least 2 steps.",
    ).optional(),
    fallbackUnits: countField("Then this many units. Default: half of limits.maxTotalUnits.").optional(),
  })
    .prefault({})
    .describe("What happens while demand is missing. Missing is never zero."),
  leadTime: groupField({
    prior: durationField("Decision to ready unit, until it is measured.").prefault("2m"),
    quantile: quantileField("Quantile of the measured lead times that plans use.").prefault(0.9),
  })
    .prefault({})
    .describe("Time from decision to ready unit."),
  schedule: groupField({
    interval: durationField("Time between cycles. Default: demand.step.").optional(),
    jitterFraction: numberField("Share of the interval by which a start is shifted.", {
      min: 0,
      max: 0.5,
    }).prefault(0.1),
    maxDecisionAge: durationField("An older decision is not applied. Default: 2 intervals.").optional(),
  })
    .prefault({})
    .describe("When cycles run."),
  policies: groupField({
    pack: textField(`Folder of the policy pack. Default: the one shipped. ${FOLDER_RULE}`).optional(),
    limits: policyLimits.prefault({}).describe("Limits handed to the policy pack."),
  })
    .prefault({})
    .describe("The second, independent opinion on every plan."),
  platform: platform.prefault({}).describe("Where units run."),
  pulumi: pulumi.prefault({}).describe("The engine and its state."),
  state: groupField({
    folder: textField(
      `Folder of journal and state. Default: in the user's state folder. ${FOLDER_RULE}`,
    ).optional(),
    retention: durationField("Cycle records are kept this long.").prefault("90d"),
  })
    .prefault({})
    .describe("What is kept on disk."),
  http: groupField({
    host: textField(
      "Loopback address to listen on.",
      /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/,
      "a loopback address such as 127.0.0.1 (there is no sign-in yet)",
    ).prefault("127.0.0.1"),
    port: countField("Port of /healthz, /readyz and /metrics; 0 is any free port.", { max: 65_535 }).prefault(
      7311,
    ),
  })
    .prefault({})
    .describe("Health and metrics."),
  tenancy: tenancyField.optional(),
  activity: activityField.optional(),
  tags: z
    .record(
      textField("A tag's name.", /^[\w.:/@-]{1,128}$/, "letters, digits and . : / @ _ -"),
      textField("A tag's value."),
    )
    .describe("Tags of every resource. service and managed-by are added.")
    .prefault({}),
}).describe("tiercast.yaml: the central configuration of tiercast.");

/** The file's content after defaults that do not depend on other settings. */
export type ParsedConfig = z.output<typeof configSchema>;
