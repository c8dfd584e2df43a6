import type { ForecastQuality, LeadAdvice, Reason, Sampled, Verdict } from "./advice.ts";

/** What a verdict rests on. */
export type Evidence = Pick<
  LeadAdvice,
  "violationRatio" | "addedRatio" | "betterShare" | "scoredDays" | "hpaOverOracle" | "fixedOverOracle"
> & { readonly quality: ForecastQuality; readonly leadMs: number };

/** V over the HPA's: below the first it is an advantage, above the second there is none. */
const CLEARLY_LESS = 0.9;
const NO_LESS = 0.95;
/** The end of the interval must be below this: not even an unlucky draw of days loses. */
const SURELY_LESS = 1;
/** The daemon's own bars: with less it would not let the forecast act. */
const LEAST_COVERAGE = 0.8;
const MOST_LOSS = 1.05;
/** The forecast tells something when its rules miss less than this of what they miss on the last value alone. */
const ADDS = 0.8;
/** Fewer days resampled give intervals that are too narrow. */
export const LEAST_DAYS = 5;
/** With a fixed size, or an HPA, this close to the oracle, there is nothing to gain. */
const NOTHING_TO_GAIN = 1.02;

export interface Judgement {
  readonly verdict: Verdict;
  readonly reasons: readonly Reason[];
  readonly changes: readonly string[];
}

/**
 * The verdict of one lead time. `predictive` asks for all of: enough days, an advantage that no draw of days
 * takes away, a forecast that surely adds to the rules, and scores with which the daemon would let it act.
 * Without an advantage, or with a forecast that adds nothing to the rules, it is `stay-reactive`; everything
 * between is `shadow`.
 */
export function judge(evidence: Evidence): Judgement {
  const { fixedOverOracle, hpaOverOracle, violationRatio, quality } = evidence;
  if (fixedOverOracle <= NOTHING_TO_GAIN) return flat(evidence);
  if (hpaOverOracle <= NOTHING_TO_GAIN) return bounded(evidence);
  const tells = evidence.addedRatio.value < ADDS;
  const gains = violationRatio.value < NO_LESS;
  const reasons = [
    violationReason(evidence),
    addedReason(evidence),
    forecastReason(quality),
    coverageReason(quality),
    boundReason(evidence),
    ...spikeReason(quality),
    ...shortReason(evidence),
  ];
  const lacks = lackingFor(evidence);
  const verdict = !gains || !tells ? "stay-reactive" : lacks.length === 0 ? "predictive" : "shadow";
  return { verdict, reasons, changes: changesOf(verdict, evidence, lacks) };
}

/** Not by a few days' luck. */
function surelyAdds({ addedRatio: { value, high } }: Evidence): boolean {
  return value < ADDS && high < SURELY_LESS;
}

/** What stands between promising and `predictive`, as what would change it. */
function lackingFor(evidence: Evidence): readonly string[] {
  const { violationRatio, quality, scoredDays } = evidence;
  const lacks: string[] = [];
  if (scoredDays < LEAST_DAYS) {
    const whole = Math.ceil(LEAST_DAYS / 0.4);
    lacks.push(
      `More history: ${whole} days or more, so that at least ${LEAST_DAYS} are scored (now ${days(scoredDays)}).`,
    );
  }
  if (!(violationRatio.value < CLEARLY_LESS && violationRatio.high < SURELY_LESS))
    lacks.push(
      `An advantage that does not hang on a few days: the interval of ${ratio(violationRatio)} must end below 1.`,
    );
  if (!surelyAdds(evidence))
    lacks.push(
      `A forecast that surely adds something: the interval of ${ratio(evidence.addedRatio)} over the same rules ` +
        "without one must end below 1.",
    );
  if (!(quality.coverage90 >= LEAST_COVERAGE))
    lacks.push(
      `A coverage of 80 % or more at the lead time (now ${percent(quality.coverage90)}): below it the daemon ` +
        "does not let the forecast act.",
    );
  if (!(quality.lossAtLead.value <= MOST_LOSS))
    lacks.push(
      `A loss of at most ${MOST_LOSS} of naive's at the lead time (now ${figure(quality.lossAtLead.value)}): ` +
        "above it the daemon does not let the forecast act.",
    );
  return lacks;
}

function changesOf(verdict: Verdict, evidence: Evidence, lacks: readonly string[]): readonly string[] {
  switch (verdict) {
    case "predictive":
      return [
        `A coverage below 80 %, or a loss above ${MOST_LOSS} of naive's: the daemon then stops the forecast by itself.`,
        "Another kind of demand than in this history: watch it in mode shadow first.",
      ];
    case "shadow":
      return lacks;
    case "stay-reactive":
      return [
        ...(evidence.scoredDays < LEAST_DAYS ? lacks.slice(0, 1) : []),
        "Units that take longer to become ready: the longer the lead time, the more a forecast is worth (--lead).",
        "What announces demand and is not in this history: scheduled events, campaigns, a series that goes before it.",
      ];
  }
}

function flat({ fixedOverOracle }: Evidence): Judgement {
  const text =
    `Demand hardly moves: a fixed size that misses 0.1 % holds ${surplus(fixedOverOracle)} more unit-hours than a ` +
    "policy that knows the future.";
  return {
    verdict: "stay-reactive",
    reasons: [{ code: "flat", speaks: "against", text }],
    changes: ["Demand that moves more than it did in this history."],
  };
}

function bounded(evidence: Evidence): Judgement {
  const text =
    `There is nothing to gain: the HPA holds ${surplus(evidence.hpaOverOracle)} more unit-hours than a ` +
    "policy that knows the future.";
  return {
    verdict: "stay-reactive",
    reasons: [{ code: "bound", speaks: "against", text }, forecastReason(evidence.quality)],
    changes: ["Units that take longer to become ready (--lead)."],
  };
}

function violationReason({ violationRatio, betterShare, scoredDays }: Evidence): Reason {
  const { value, high } = violationRatio;
  const speaks = value < CLEARLY_LESS && high < SURELY_LESS ? "for" : value < NO_LESS ? "neither" : "against";
  const what =
    value < 1
      ? `With as many unit-hours as the HPA, tiercast misses ${percent(1 - value)} less of the demand`
      : `With as many unit-hours as the HPA, tiercast misses no less of the demand`;
  const sure = Number.isNaN(high)
    ? "too few days to say how sure that is"
    : `it misses less in ${often(betterShare)} of ${days(scoredDays)} drawn anew`;
  return { code: "violations", speaks, text: `${what} (ratio ${ratio(violationRatio)}; ${sure}).` };
}

function addedReason(evidence: Evidence): Reason {
  const { addedRatio } = evidence;
  const adds = addedRatio.value < ADDS;
  const text =
    addedRatio.value < 1
      ? `The forecast itself prevents ${percent(1 - addedRatio.value)} of what the same rules miss on the last value ` +
        `alone (ratio ${ratio(addedRatio)}); the rest is headroom by how far demand usually moves.`
      : `The same rules on the last value alone miss no more (ratio ${ratio(addedRatio)}): what is gained is ` +
        "headroom by how far demand usually moves, not forecast.";
  return { code: "added", speaks: surelyAdds(evidence) ? "for" : adds ? "neither" : "against", text };
}

function forecastReason({ lossAtLead, lossOverDay }: ForecastQuality): Reason {
  const text =
    `The forecast's loss is ${ratio(lossAtLead)} of naive's at the lead time and ${ratio(lossOverDay)} over the ` +
    `next day (1: it tells no more than the last value does).`;
  const isLess = lossAtLead.high < 1 || lossOverDay.high < 1;
  const isMore = lossAtLead.value >= 1 && !(lossOverDay.value < 1);
  return { code: "forecast", speaks: isLess ? "for" : isMore ? "against" : "neither", text };
}

function coverageReason({ coverage90, coverageOverDay90 }: ForecastQuality): Reason {
  return {
    code: "coverage",
    speaks: coverage90 >= LEAST_COVERAGE ? "for" : "against",
    text:
      `Its 90 % intervals held ${percent(coverage90)} of what came at the lead time, ` +
      `${percent(coverageOverDay90)} over the next day.`,
  };
}

function boundReason({ hpaOverOracle, fixedOverOracle }: Evidence): Reason {
  return {
    code: "bound",
    speaks: "neither",
    text:
      `A policy that knows the future would hold ${percent(Math.max(0, 1 - 1 / hpaOverOracle))} fewer unit-hours ` +
      `than the HPA and ${percent(Math.max(0, 1 - 1 / fixedOverOracle))} fewer than a fixed size ` +
      "that misses 0.1 %: no forecast can save more.",
  };
}

/** Demand above the 0.99 quantile: a calibrated forecast of calm demand has far less than this there. */
const NOTED_SPIKES = 0.002;

function spikeReason({ spikeShare }: ForecastQuality): readonly Reason[] {
  if (!(spikeShare >= NOTED_SPIKES)) return [];
  const text = `${percent(spikeShare, 1)} of demand came in spikes above all that was forecast: those stay reactive.`;
  return [{ code: "spikes", speaks: "against", text }];
}

function shortReason({ scoredDays }: Evidence): readonly Reason[] {
  if (scoredDays >= LEAST_DAYS) return [];
  const text = `Only ${days(scoredDays)} could be scored: too little to tell luck from skill.`;
  return [{ code: "short-history", speaks: "against", text }];
}

/** `0.31 [0.22, 0.44]`, the interval where it is known. */
function ratio({ value, low, high }: Sampled): string {
  const interval = Number.isNaN(low + high) ? "" : ` [${figure(low)}, ${figure(high)}]`;
  return `${figure(value)}${interval}`;
}

function figure(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : "unknown";
}

function percent(share: number, digits = 0): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(digits)} %` : "an unknown share";
}

function surplus(over: number): string {
  return over <= 1 ? "no" : `only ${percent(over - 1, 1)}`;
}

/** Days, or hours below two days. */
function days(count: number): string {
  return count < 2 ? `${(count * 24).toFixed(0)} hours` : `${count.toFixed(count < 10 ? 1 : 0)} days`;
}

function often(share: number): string {
  return share > 0.9995 ? "every resampling" : `${percent(Math.floor(share * 100) / 100)} of resamplings`;
}
