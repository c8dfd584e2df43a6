/** Up to so many units the demand each carries is found exactly; beyond, demand is looked up on a fine grid. */
const EXACT_UNITS = 1_000;
/** Points of that grid, equally far apart in the logarithm. */
const GRID_POINTS = 4_000;
/** Halvings that find the demand a number of units carries. */
const HALVINGS = 40;

/** What millions of look-ups cost: a list of the demands at which one more number of units is needed. */
export interface UnitTable {
  /** `units[i]` serve up to `upToRps[i]`; both rise. */
  readonly upToRps: Float64Array;
  readonly units: Float64Array;
  readonly mostUnits: number;
}

/** Tabulates `needUnits` up to `mostRps`. On the coarse grid a demand counts as the next point above it. */
export function unitTable(needUnits: (demandRps: number) => number, mostRps: number): UnitTable {
  const mostUnits = needUnits(mostRps);
  const least = needUnits(0);
  return mostUnits - least <= EXACT_UNITS
    ? exactTable(needUnits, least, mostUnits, mostRps)
    : gridTable(needUnits, mostRps, mostUnits);
}

function exactTable(
  needUnits: (demandRps: number) => number,
  least: number,
  mostUnits: number,
  mostRps: number,
): UnitTable {
  const rows: { readonly upTo: number; readonly units: number }[] = [];
  let from = 0;
  for (let units = least; units < mostUnits; ) {
    let [low, high] = [from, mostRps];
    for (let half = 0; half < HALVINGS; half++) {
      const middle = (low + high) / 2;
      if (needUnits(middle) <= units) low = middle;
      else high = middle;
    }
    // The upper end, so that what is exactly at a boundary needs no unit more.
    rows.push({ upTo: high, units });
    from = high;
    // A rule may skip numbers: the next one is what just above the boundary needs.
    units = Math.max(units + 1, needUnits(high));
  }
  rows.push({ upTo: Number.POSITIVE_INFINITY, units: mostUnits });
  return {
    upToRps: Float64Array.from(rows, ({ upTo }) => upTo),
    units: Float64Array.from(rows, ({ units }) => units),
    mostUnits,
  };
}

function gridTable(needUnits: (demandRps: number) => number, mostRps: number, mostUnits: number): UnitTable {
  const upToRps = Float64Array.from({ length: GRID_POINTS }, (_, at) =>
    at === GRID_POINTS - 1 ? Number.POSITIVE_INFINITY : mostRps * 1e-4 ** (1 - at / (GRID_POINTS - 1)),
  );
  const units = upToRps.map((rps) => (Number.isFinite(rps) ? needUnits(rps) : mostUnits));
  return { upToRps, units, mostUnits };
}

/** Units that serve `demandRps`; beyond the table's end, its largest. */
export function unitsAt({ upToRps, units }: UnitTable, demandRps: number): number {
  let [low, high] = [0, upToRps.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (demandRps <= (upToRps[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return units[low] ?? 1;
}
