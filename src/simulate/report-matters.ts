import type { Decision } from "../model/decision.ts";
import { totalUnits } from "../model/tier.ts";
import { HOUR_MS } from "../model/time.ts";
import type { ShownRun } from "./simulate.ts";
import type { PolicyTimeline, TraceWorld } from "./world.ts";

/** One hour that set tiercast and the HPA apart, and the decision behind it. */
export interface Matter {
  readonly hourMs: number;
  /** Demand beyond what ready units carry, as shares of the hour's demand. */
  readonly violationShare: number;
  readonly hpaViolationShare: number;
  readonly decision: {
    readonly atMs: number;
    readonly beforeUnits: number;
    readonly afterUnits: number;
    readonly why: string;
  };
}

const BEST = 5;
const WORST = 3;

interface Hour {
  readonly hourMs: number;
  demand: number;
  own: number;
  hpa: number;
  /** Step of the largest difference. */
  peakStep: number;
  peak: number;
}

/**
 * Decisions that mattered most: of the hours in which most demand was served that the HPA at about the same
 * unit-hours missed, and of those in which most was missed that it served, the decision that could still
 * tell: the one that changed most within a lead time and an hour before the worst step.
 */
export function decisionsThatMattered(
  world: TraceWorld,
  shown: ShownRun,
): { readonly saved: readonly Matter[]; readonly lost: readonly Matter[] } {
  const { hpa } = shown;
  if (hpa === undefined) return { saved: [], lost: [] };
  const hours = [...hourly(world, shown.run.timeline, hpa.timeline).values()];
  const gain = (hour: Hour): number => hour.hpa - hour.own;
  const pick = (list: readonly Hour[]) => list.map((hour) => matterOf(world, shown, hour));
  const saved = hours.filter((hour) => gain(hour) > 0).sort((a, b) => gain(b) - gain(a));
  const lost = hours.filter((hour) => gain(hour) < 0).sort((a, b) => gain(a) - gain(b));
  return { saved: pick(saved.slice(0, BEST)), lost: pick(lost.slice(0, WORST)) };
}

/** Demand beyond `timeline`'s ready units at `step`, requests/s; 0 for a gap. */
export function lostAt(world: TraceWorld, timeline: PolicyTimeline, step: number): number {
  const demandRps = world.demandRps[step] ?? Number.NaN;
  const ready = timeline.readyUnits[step - timeline.firstStep] ?? 0;
  return Number.isNaN(demandRps) ? 0 : Math.max(demandRps - ready * world.unitRps, 0);
}

function hourly(world: TraceWorld, own: PolicyTimeline, hpa: PolicyTimeline): Map<number, Hour> {
  const hours = new Map<number, Hour>();
  for (let step = world.firstScored; step < world.demandRps.length; step++) {
    const demand = world.demandRps[step] ?? Number.NaN;
    if (Number.isNaN(demand)) continue;
    const hourMs = Math.floor((world.series.startMs + step * world.series.stepMs) / HOUR_MS) * HOUR_MS;
    const hour = hours.get(hourMs) ?? { hourMs, demand: 0, own: 0, hpa: 0, peakStep: step, peak: 0 };
    const [ownLost, hpaLost] = [lostAt(world, own, step), lostAt(world, hpa, step)];
    hour.demand += demand;
    hour.own += ownLost;
    hour.hpa += hpaLost;
    if (Math.abs(hpaLost - ownLost) > hour.peak) {
      hour.peak = Math.abs(hpaLost - ownLost);
      hour.peakStep = step;
    }
    hours.set(hourMs, hour);
  }
  return hours;
}

function matterOf(world: TraceWorld, { run, decisions }: ShownRun, hour: Hour): Matter {
  const { firstStep } = run.timeline;
  // What was decided later than this could not be ready at the worst step.
  const last = Math.max(0, hour.peakStep - world.leadSteps - firstStep);
  const first = Math.max(0, last - Math.round(60 / world.stepMinutes));
  let best: Decision | undefined;
  for (const decision of decisions.slice(first, last + 1)) {
    if (best === undefined || moved(decision) >= moved(best)) best = decision;
  }
  return {
    hourMs: hour.hourMs,
    violationShare: hour.own / hour.demand,
    hpaViolationShare: hour.hpa / hour.demand,
    decision: {
      atMs: best?.atMs ?? hour.hourMs,
      beforeUnits: best === undefined ? 0 : totalUnits(best.before.units),
      afterUnits: best === undefined ? 0 : totalUnits(best.after.units),
      why: best?.why ?? "",
    },
  };
}

function moved(decision: Decision): number {
  return totalUnits(decision.after.units) - totalUnits(decision.before.units);
}
