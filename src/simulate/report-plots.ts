import { FORECAST_LEVELS } from "../model/forecast.ts";
import { type FrontierPoint, frontier, LEAST_VIOLATION } from "./frontier.ts";
import { stepCosts } from "./report-costs.ts";
import {
  areaPath,
  bottomTicks,
  endLabels,
  FRAME,
  horizontalGrid,
  linear,
  linePath,
  logarithmic,
  niceTicks,
  pixel,
  type Scale,
  svg,
} from "./report-svg.ts";
import type { Policy, ShownRun, Simulation } from "./simulate.ts";
import type { TraceWorld } from "./world.ts";

/** Colours are custom properties of the page: they differ between light and dark. */
export const POLICY_COLOUR: Readonly<Record<Policy, string>> = {
  tiercast: "var(--tiercast)",
  perfect: "var(--perfect)",
  hpa: "var(--hpa)",
  "aws-predictive": "var(--aws)",
  kedify: "var(--kedify)",
  crane: "var(--crane)",
  phpa: "var(--phpa)",
  oracle: "var(--oracle)",
};

const MOST_COLUMNS = 720;

/**
 * Demand against capacity, stacked by tier, with the 90 % band of the forecasts made one lead time before,
 * for steps `from..to - 1`. Where steps outnumber columns, a column shows its largest demand and band and
 * its least capacity.
 */
export function capacityPlot(simulation: Simulation, shown: ShownRun, from: number, to: number): string {
  const { world } = simulation;
  const columns = columnsOf(from, to);
  const least = (list: readonly number[]) => columns.map(([a, b]) => extreme(list, a, b, shown, Math.min));
  const { tiers, readyUnits } = shown.run.timeline;
  const stack = [tiers?.baseline ?? readyUnits, tiers?.predictive ?? [], tiers?.burst ?? []].map(least);
  const tops = stack.map((_, i) => columns.map((_column, c) => sumTo(stack, i, c)));
  const need = columns.map(([a, b]) =>
    most(a, b, (step) => (world.demandRps[step] ?? Number.NaN) / world.unitRps),
  );
  const band = bandOf(simulation, columns);
  const highest = Math.max(1, ...(tops[2] ?? []), ...need.filter(Number.isFinite));
  const x = linear(from, to - 1, FRAME.left, FRAME.width - FRAME.right);
  const y = linear(0, highest * 1.05, FRAME.height - FRAME.bottom, FRAME.top);
  const xs = columns.map(([a, b]) => x((a + b - 1) / 2));
  const zero = xs.map(() => y(0));
  const areas = ["baseline", "predictive", "burst"].map((tier, i) => {
    const lower = i === 0 ? zero : (tops[i - 1] ?? []).map(y);
    return `<path class="${tier}" d="${areaPath(xs, (tops[i] ?? []).map(y), lower)}"/>`;
  });
  const bandPath = areaPath(
    xs,
    band.map(([, high]) => y(high)),
    band.map(([low]) => y(low)),
  );
  const line = linePath(need.map((units, c) => [xs[c] ?? 0, y(units)]));
  const grid = niceTicks(0, highest, 5).map((tick) => ({ y: y(tick), label: String(tick) }));
  return svg(
    FRAME,
    "demand against capacity by tier, in units",
    horizontalGrid(FRAME, grid) +
      `${areas.join("")}<path class="band" d="${bandPath}"/><path class="demand" d="${line}"/>` +
      bottomTicks(FRAME, timeTicks(world, from, to, x)) +
      capacityLegend(),
  );
}

function capacityLegend(): string {
  const x = FRAME.width - FRAME.right + 10;
  const row = (i: number, mark: string, text: string) =>
    `${mark}<text class="label" x="${x + 20}" y="${28 + i * 20}">${text}</text>`;
  const box = (i: number, name: string) => `<path class="${name}" d="M${x} ${18 + i * 20}h14v12h-14z"/>`;
  return (
    row(0, `<path class="demand" d="M${x} 24h14"/>`, "demand") +
    row(1, box(1, "band"), "90 % interval") +
    row(2, box(2, "burst"), "burst") +
    row(3, box(3, "predictive"), "predictive") +
    row(4, box(4, "baseline"), "baseline")
  );
}

/**
 * The frontier plot ends here, in multiples of the oracle's unit-hours, or where all curves have come down.
 */
const WIDEST = 2.2;

/** Violation share against unit-hours for each policy: its points and their envelope. */
export function frontierPlot({ runs, oracleUnitHours }: Simulation): string {
  const frame = { ...FRAME, height: 380, left: 72 };
  const policies = [...new Set(runs.map((run) => run.policy))].filter((policy) => policy !== "oracle");
  const curves = policies.map((policy) => {
    const own = runs.filter((run) => run.policy === policy).map((run) => run.figures);
    const place = (point: FrontierPoint) => ({
      ratio: point.unitHours / oracleUnitHours,
      share: Math.max(LEAST_VIOLATION, point.violationShare),
    });
    return { policy, swept: own.map(place), line: frontier(own).points.map(place) };
  });
  const least = 0.98;
  const down = Math.max(...curves.map(({ line }) => line.at(-1)?.ratio ?? 0));
  const widest = Math.min(WIDEST, down * 1.03);
  const x = linear(least, widest, frame.left, frame.width - frame.right);
  const inRange = curves.flatMap(({ line }) => line.filter((point) => point.ratio >= 1));
  const top = Math.min(1, 10 ** Math.ceil(Math.log10(Math.max(1e-3, ...inRange.map(({ share }) => share)))));
  const y = logarithmic(LEAST_VIOLATION, top, frame.height - frame.bottom, frame.top);
  const isInside = (point: { ratio: number; share: number }): boolean =>
    point.ratio >= least && point.ratio <= widest && point.share <= top;
  const drawn = curves.map(({ policy, swept, line }) => {
    const colour = POLICY_COLOUR[policy];
    const dots = swept
      .filter(isInside)
      .map(
        ({ ratio, share }) =>
          `<circle cx="${pixel(x(ratio))}" cy="${pixel(y(share))}" r="2.5" fill="${colour}"/>`,
      );
    const path = linePath(line.filter(isInside).map(({ ratio, share }) => [x(ratio), y(share)]));
    return `<path d="${path}" class="${lineClass(policy)}" stroke="${colour}"/>${dots.join("")}`;
  });
  const levels = [1, 0.1, 0.01, 0.001, 0.0001, 0.00001, 0.000001].filter((level) => level <= top);
  const grid = levels.map((level) => ({ y: y(level), label: `${Number((level * 100).toPrecision(1))} %` }));
  const ticks = niceTicks(1, widest, 6).map((tick) => ({ x: x(tick), label: `${tick} x oracle` }));
  const keys = policies.map((policy, i) => ({ y: 30 + i * 20, text: policy, colour: POLICY_COLOUR[policy] }));
  return svg(
    frame,
    "violation share against unit-hours",
    horizontalGrid(frame, grid) + bottomTicks(frame, ticks) + drawn.join("") + endLabels(frame, keys),
  );
}

function lineClass(policy: Policy): string {
  return policy === "tiercast" ? "own" : "peer";
}

/** Cost since the first scored step: the shown run, the HPA beside it and the oracle. */
export function costPlot({ world, runs }: Simulation, shown: ShownRun): string {
  const compared = [shown.run, shown.hpa, runs.find((run) => run.policy === "oracle")].filter(
    (run) => run !== undefined,
  );
  const columns = columnsOf(world.firstScored, world.demandRps.length);
  const totals = compared.map((run) => {
    const costs = stepCosts(run.timeline, world);
    let sum = 0;
    return columns.map(([a, b]) => {
      for (let step = a; step < b; step++) sum += costs(step);
      return sum;
    });
  });
  const highest = Math.max(...totals.map((total) => total.at(-1) ?? 0));
  const x = linear(world.firstScored, world.demandRps.length - 1, FRAME.left, FRAME.width - FRAME.right);
  const y = linear(0, highest * 1.05, FRAME.height - FRAME.bottom, FRAME.top);
  const lines = compared.map(({ policy }, i) => {
    const path = linePath((totals[i] ?? []).map((sum, c) => [x((columns[c]?.[1] ?? 1) - 1), y(sum)]));
    return `<path d="${path}" class="${lineClass(policy)}" stroke="${POLICY_COLOUR[policy]}"/>`;
  });
  const labels = compared.map(({ policy }, i) => ({
    y: y(totals[i]?.at(-1) ?? 0),
    text: policy,
    colour: POLICY_COLOUR[policy],
  }));
  const grid = niceTicks(0, highest, 5).map((tick) => ({ y: y(tick), label: tick.toLocaleString("en-US") }));
  return svg(
    FRAME,
    "cumulative cost",
    horizontalGrid(FRAME, grid) +
      bottomTicks(FRAME, timeTicks(world, world.firstScored, world.demandRps.length, x)) +
      lines.join("") +
      endLabels(FRAME, labels),
  );
}

type Column = readonly [from: number, to: number];

function columnsOf(from: number, to: number): readonly Column[] {
  const count = Math.min(MOST_COLUMNS, to - from);
  const edge = (i: number): number => from + Math.floor(((to - from) * i) / count);
  return Array.from({ length: count }, (_, i): Column => [edge(i), edge(i + 1)]);
}

function most(from: number, to: number, value: (step: number) => number): number {
  let best = Number.NaN;
  for (let step = from; step < to; step++) {
    const next = value(step);
    if (!(next <= best) && !Number.isNaN(next)) best = next;
  }
  return best;
}

function extreme(
  list: readonly number[],
  from: number,
  to: number,
  shown: ShownRun,
  choose: (...values: number[]) => number,
): number {
  const { firstStep } = shown.run.timeline;
  return choose(...list.slice(from - firstStep, to - firstStep));
}

function sumTo(stack: readonly (readonly number[])[], layer: number, column: number): number {
  return stack.slice(0, layer + 1).reduce((sum, list) => sum + finite(list[column]), 0);
}

function finite(value = 0): number {
  return Number.isFinite(value) ? value : 0;
}

/** 0.05 and 0.95 quantiles for each column, in units, of the forecasts made one lead time before. */
function bandOf({ world, forecasts }: Simulation, columns: readonly Column[]): readonly Column[] {
  const [low, high] = [FORECAST_LEVELS.indexOf(0.05), FORECAST_LEVELS.indexOf(0.95)];
  const at = (step: number, level: number): number => {
    const made = step - world.leadSteps;
    const block = forecasts.find(({ fromStep, steps }) => made >= fromStep && made < fromStep + steps);
    if (block === undefined) return Number.NaN;
    const row = (made - block.fromStep) * FORECAST_LEVELS.length + level;
    return (block.values[row * block.horizonSteps + world.leadSteps] ?? Number.NaN) / world.unitRps;
  };
  return columns.map(
    ([a, b]): Column => [
      finite(most(a, b, (step) => at(step, low))),
      finite(most(a, b, (step) => at(step, high))),
    ],
  );
}

function timeTicks(world: TraceWorld, from: number, to: number, x: Scale) {
  const { startMs, stepMs } = world.series;
  const [fromMs, toMs] = [startMs + from * stepMs, startMs + to * stepMs];
  const hour = 3_600_000;
  const sizes = [1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 720].map((hours) => hours * hour);
  const size = sizes.find((candidate) => (toMs - fromMs) / candidate <= 9) ?? 720 * hour;
  const ticks: { x: number; label: string }[] = [];
  for (let atMs = Math.ceil(fromMs / size) * size; atMs < toMs; atMs += size) {
    const iso = new Date(atMs).toISOString();
    ticks.push({
      x: x((atMs - startMs) / stepMs),
      label: size < 24 * hour ? iso.slice(5, 16).replace("T", " ") : iso.slice(0, 10),
    });
  }
  return ticks;
}
