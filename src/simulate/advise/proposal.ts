import { HOUR_MS } from "../../model/time.ts";
import { demandUnits } from "../figures.ts";
import { TIERCAST_KNOBS, type TiercastKnob } from "../replay-settings.ts";
import type { TraceWorld } from "../world.ts";
import type { LeadAdvice, Proposal, Verdict } from "./advice.ts";
import { type Prices, STANDARD_PRICES } from "./bills.ts";

/** The largest size is this times the highest need seen: growth, and what no history holds. */
const HEADROOM = 1.5;
/** No tier of fewer units than this is worth having. */
const LEAST_UNITS = 2;
/** The configuration's own standard, where the history says nothing. */
const STANDARD_QUANTILE = 0.95;
/** Cheaper than this nobody should run, though the frontier goes there. */
const LEAST_QUANTILE = 0.8;

export interface ProposalRequest {
  readonly world: TraceWorld;
  readonly timeZone: string;
  readonly verdict: Verdict;
  /** The lead time the figures for people are of. */
  readonly shown: LeadAdvice;
  readonly prices: Prices | undefined;
}

/** A first configuration from what the history shows: it starts by watching, whatever the verdict. */
export function proposal({ world, timeZone, verdict, shown, prices }: ProposalRequest): Proposal {
  const knob = TIERCAST_KNOBS.find(({ name }) => name === shown.knob);
  const needs = presentNeeds(world);
  const highest = needs.at(-1) ?? 1;
  const pricesUsd = prices ?? STANDARD_PRICES;
  const busy = busyUnits(needs, pricesUsd);
  const maxTotalUnits = Math.max(LEAST_UNITS, Math.ceil(highest * HEADROOM));
  return {
    mode: verdict === "predictive" ? "suggest" : verdict === "shadow" ? "shadow" : "observe",
    stepMs: world.series.stepMs,
    timeZone,
    unitRps: world.unitRps,
    ...safety(knob),
    minBaselineUnits: Math.max(1, Math.min(busy, needs[Math.floor(needs.length * 0.05)] ?? 1)),
    maxBaselineUnits: Math.max(1, Math.min(maxTotalUnits, Math.ceil(busy * HEADROOM))),
    maxTotalUnits,
    leadMs: Math.min(shown.leadMs, 24 * HOUR_MS),
    pricesUsd,
  };
}

function safety(knob: TiercastKnob | undefined) {
  const quantile = Math.max(LEAST_QUANTILE, knob?.quantile ?? STANDARD_QUANTILE);
  return { quantile, marginFraction: Math.max(0, knob?.marginFraction ?? 0) };
}

/** Units needed at each sample, least first. */
function presentNeeds(world: TraceWorld): readonly number[] {
  return Array.from(world.demandRps, (demand) => demandUnits(demand, world.unitRps))
    .filter((units) => !Number.isNaN(units))
    .sort((a, b) => a - b);
}

/** The largest b whose last unit is busy for at least the share that the baseline's price is of the predictive one. */
function busyUnits(needs: readonly number[], { baseline, predictive }: Prices): number {
  const share = predictive > 0 ? Math.min(1, baseline / predictive) : 1;
  // Unit b is busy at the samples whose need is b or more: those above rank (1 - share).
  const rank = Math.min(needs.length - 1, Math.floor((1 - share) * needs.length));
  return Math.max(1, needs[rank] ?? 1);
}
