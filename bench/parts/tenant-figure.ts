import { STEP_MS, type TenantRow } from "./tenant-world.ts";

const WIDTH = 760;
const PANEL = 210;
const LEFT = 44;
const TOP = 40;
const GAP = 46;
const STEPS_A_DAY = 86_400_000 / STEP_MS;
/** Second day, 15:00 to 02:00: the reports begin at 19:00, a flash crowd comes at 20:00. */
const FROM = STEPS_A_DAY + (15 * STEPS_A_DAY) / 24;
const TO = 2 * STEPS_A_DAY + (2 * STEPS_A_DAY) / 24;
const COLOURS: Readonly<Record<string, string>> = {
  checkout: "#4269d0",
  search: "#efb118",
  reports: "#9c9c9c",
};

interface Run {
  readonly rule: string;
  readonly rows: readonly TenantRow[];
}

/** One evening under two rules: ready units stacked, the budget as a line, what is missing in red. */
export function tenantsFigure(runs: readonly Run[], budgetUnits: number): string {
  const panels = ["first come", "shares"].flatMap((rule) => runs.filter((run) => run.rule === rule));
  const height = TOP + panels.length * (PANEL + GAP);
  const body = panels.map((run, i) => panelOf(run, TOP + i * (PANEL + GAP), budgetUnits));
  const keys = Object.entries(COLOURS).map(([name, colour], i) => key(LEFT + i * 110, name, colour));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...keys,
    key(LEFT + 330, "needed, not ready", "#d62728"),
    `<text x="${LEFT + 500}" y="16">dashed: budget of ${budgetUnits} units</text>`,
    ...body,
    "</svg>",
    "",
  ].join("\n");
}

function key(x: number, name: string, colour: string): string {
  return `<rect x="${x}" y="7" width="10" height="10" fill="${colour}"/><text x="${x + 14}" y="16">${name}</text>`;
}

function panelOf({ rule, rows }: Run, top: number, budgetUnits: number): string {
  const most = 2 * budgetUnits;
  const x = (step: number) => (LEFT + ((step - FROM) / (TO - FROM)) * (WIDTH - LEFT - 12)).toFixed(1);
  const y = (units: number) => (top + PANEL - (units / most) * PANEL).toFixed(1);
  const base = new Array<number>(TO + 1).fill(0);
  const layers = Object.keys(COLOURS).map((service) => {
    const ready = rows.find((row) => row.service === service)?.ready ?? [];
    return band(base, (step) => ready[step] ?? 0, COLOURS[service] ?? "", x, y);
  });
  const missing = (step: number) =>
    rows.reduce((sum, row) => sum + Math.max(0, (row.needed[step] ?? 0) - (row.ready[step] ?? 0)), 0);
  const short = band(base, missing, "#d62728", x, y);
  const line = `<path d="M${x(FROM)} ${y(budgetUnits)}H${x(TO)}" stroke="#222" stroke-dasharray="6 4" fill="none"/>`;
  const hours = [15, 17, 19, 21, 23, 25].map((hour) => {
    const step = STEPS_A_DAY + (hour * STEPS_A_DAY) / 24;
    return `<text x="${x(step)}" y="${top + PANEL + 16}">${String(hour % 24).padStart(2, "0")}:00</text>`;
  });
  const ticks = [0, budgetUnits / 2, budgetUnits].map((units) => {
    return `<text x="${LEFT - 6}" y="${y(units)}" text-anchor="end">${Math.round(units)}</text>`;
  });
  const title = `<text x="${LEFT}" y="${top - 4}" font-weight="bold">${rule}</text>`;
  return [title, ...layers, short, line, ...hours, ...ticks].join("\n");
}

/** A layer on top of `base`, which it raises, in steps. */
function band(
  base: number[],
  units: (step: number) => number,
  colour: string,
  x: (step: number) => string,
  y: (units: number) => string,
): string {
  const lower: string[] = [];
  const upper: string[] = [];
  for (let step = FROM; step < TO; step++) {
    const from = base[step] ?? 0;
    const to = from + units(step);
    upper.push(`${x(step)} ${y(to)}`, `${x(step + 1)} ${y(to)}`);
    lower.push(`${x(step)} ${y(from)}`, `${x(step + 1)} ${y(from)}`);
    base[step] = to;
  }
  return `<path d="M${upper.join("L")}L${lower.toReversed().join("L")}Z" fill="${colour}"/>`;
}
