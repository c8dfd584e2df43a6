import { lostAt } from "./report-matters.ts";
import { FRAME, svg } from "./report-svg.ts";
import type { ShownRun, Simulation } from "./simulate.ts";
import type { TraceWorld } from "./world.ts";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** Demand missed by hour of the week (UTC), tiercast above the HPA, in one colour scale. */
export function weekPlot({ world }: Simulation, shown: ShownRun): string {
  const compared = [shown.run, shown.hpa].filter((run) => run !== undefined);
  const tables = compared.map((run) => hourOfWeek(world, (step) => lostAt(world, run.timeline, step)));
  const most = Math.max(1e-9, ...tables.flat());
  const cell = 34;
  const frame = { ...FRAME, height: compared.length * (7 * 18 + 46) + 10 };
  const parts = compared.map((run, i) => {
    const top = 24 + i * (7 * 18 + 46);
    const cells = (tables[i] ?? []).map((share, hour) => {
      const [x, y] = [FRAME.left + (hour % 24) * cell, top + Math.floor(hour / 24) * 18];
      const tip = `${DAYS[Math.floor(hour / 24)]} ${hour % 24}:00: ${(share * 100).toFixed(3)} % missed`;
      const strength = share === 0 ? 0 : 0.08 + 0.92 * Math.sqrt(share / most);
      const box = `d="M${x} ${y}h${cell - 2}v16h-${cell - 2}z"`;
      const missed = `fill="var(--miss)" fill-opacity="${strength.toFixed(2)}" pointer-events="none"`;
      return `<path class="cell" ${box}><title>${tip}</title></path><path ${missed} ${box}/>`;
    });
    const days = DAYS.map(
      (day, d) =>
        `<text class="tick" x="${FRAME.left - 6}" y="${top + d * 18 + 13}" text-anchor="end">${day}</text>`,
    );
    const hours = [0, 6, 12, 18].map(
      (hour) =>
        `<text class="tick" x="${FRAME.left + hour * cell}" y="${top + 7 * 18 + 13}">${hour}:00</text>`,
    );
    const worst = Math.max(...(tables[i] ?? [0]));
    const title = `${run.policy}: worst hour of the week ${(worst * 100).toFixed(2)} %`;
    const label = `<text class="label" x="${FRAME.left}" y="${top - 8}">${title}</text>`;
    return [label, ...days, ...hours, ...cells].join("");
  });
  return svg(frame, "share of demand missed by hour of the week", parts.join(""));
}

function hourOfWeek(world: TraceWorld, lost: (step: number) => number): readonly number[] {
  const missed = new Float64Array(168);
  const demand = new Float64Array(168);
  for (let step = world.firstScored; step < world.demandRps.length; step++) {
    const value = world.demandRps[step] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    const at = new Date(world.series.startMs + step * world.series.stepMs);
    const hour = ((at.getUTCDay() + 6) % 7) * 24 + at.getUTCHours();
    missed[hour] = (missed[hour] ?? 0) + lost(step);
    demand[hour] = (demand[hour] ?? 0) + value;
  }
  return Array.from(missed, (sum, hour) => ((demand[hour] ?? 0) > 0 ? sum / (demand[hour] ?? 1) : 0));
}
