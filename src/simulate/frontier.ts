/** Where one policy stands at one value of its knob. */
export interface FrontierPoint {
  readonly unitHours: number;
  readonly violationShare: number;
}

/** V below this counts as this: log V is what is drawn. */
export const LEAST_VIOLATION = 1e-6;

/** Levels of the HPA's violation share at which policies are compared. */
export const COMPARED_LEVELS: readonly number[] = [0.01, 0.003, 0.001];

/**
 * Unit-hours, in multiples of the oracle's, at which policies are compared where the HPA does not reach a
 * level.
 */
export const COMPARED_RATIOS: readonly number[] = [1.1, 1.25, 1.5, 2];

/** Lower-left envelope of a policy's points, cheapest first. */
export interface Frontier {
  readonly points: readonly FrontierPoint[];
  /** Violation share at these unit-hours; NaN left of the first point, the last point's to the right. */
  violationAt(unitHours: number): number;
  /** Unit-hours at which this violation share is reached; NaN outside of what is reached. */
  unitHoursAt(violationShare: number): number;
  /**
   * A figure of the points, linear in unit-hours between those of the envelope; NaN left of the first one.
   */
  figureAt(unitHours: number, figure: (index: number) => number): number;
}

/**
 * The envelope of swept points: log V linear between them, its last V held to the right, nothing to the
 * left.
 */
export function frontier(swept: readonly FrontierPoint[]): Frontier {
  const least = (point: FrontierPoint): number => Math.max(point.violationShare, LEAST_VIOLATION);
  const order = swept
    .map((point, index) => ({ index, unitHours: point.unitHours, violation: least(point) }))
    .sort((a, b) => a.unitHours - b.unitHours || a.violation - b.violation);
  const kept: typeof order = [];
  let best = Number.POSITIVE_INFINITY;
  for (const point of order) {
    if (!(point.violation < best)) continue;
    best = point.violation;
    kept.push(point);
  }
  const hours = kept.map((point) => point.unitHours);
  const logs = kept.map((point) => Math.log(point.violation));
  const isLeft = (unitHours: number): boolean =>
    Number.isNaN(unitHours) || !(unitHours >= (hours[0] ?? Infinity) - 1e-12);
  return {
    points: kept.map((point) => ({ unitHours: point.unitHours, violationShare: point.violation })),
    violationAt: (unitHours) => (isLeft(unitHours) ? Number.NaN : Math.exp(along(unitHours, hours, logs))),
    unitHoursAt: (violationShare) => {
      const log = Math.log(Math.max(violationShare, LEAST_VIOLATION));
      const [first = -Infinity, last = Infinity] = [logs[0], logs.at(-1)];
      if (log > first + 1e-12 || log < last - 1e-12) return Number.NaN;
      return along(
        -log,
        logs.map((value) => -value),
        hours,
      );
    },
    figureAt: (unitHours, figure) =>
      isLeft(unitHours + 1e-9)
        ? Number.NaN
        : along(
            unitHours,
            hours,
            kept.map((point) => figure(point.index)),
          ),
  };
}

/** Linear between rising `xs`, held at both ends. */
function along(x: number, xs: readonly number[], ys: readonly number[]): number {
  const upper = xs.findIndex((known) => known > x);
  if (upper === 0) return ys[0] ?? Number.NaN;
  if (upper < 0) return ys.at(-1) ?? Number.NaN;
  const [low, high] = [xs[upper - 1] ?? 0, xs[upper] ?? 0];
  const [from, to] = [ys[upper - 1] ?? 0, ys[upper] ?? 0];
  return from + ((to - from) / (high - low)) * (x - low);
}

/** Policies side by side at one amount of unit-hours. */
export interface ComparisonRow {
  /** `hpa at V = 1 %`, or a multiple of the oracle's unit-hours where the HPA does not get that far. */
  readonly at:
    | { readonly kind: "level"; readonly level: number }
    | { readonly kind: "ratio"; readonly ratio: number };
  readonly unitHours: number;
  readonly policies: Readonly<Record<string, ComparedFigures>>;
}

export interface ComparedFigures {
  readonly violationShare: number;
  /** Over the HPA's at equal unit-hours. */
  readonly violationRatio: number;
  /** Over the HPA's at equal violation share. */
  readonly unitHoursRatio: number;
  readonly updatesPerHour: number;
  /**
   * Share of what the HPA misses beyond tiercast's rules on a perfect forecast that is not missed here, at equal
   * unit-hours; NaN without `perfect`, or where it has nothing on the HPA. In V and not in log V: the floor under V
   * would decide the share.
   */
  readonly violationGapClosed: number;
  /** The same of the unit-hours that the HPA takes beyond `perfect`, at equal V. */
  readonly unitHoursGapClosed: number;
}

export interface SweptPoint extends FrontierPoint {
  readonly updatesPerHour: number;
}

/** From `reference` (0) to `bound` (1); NaN where the bound is not below. */
function gapClosed(reference: number, own: number, bound: number): number {
  return reference > bound ? (reference - own) / (reference - bound) : Number.NaN;
}

/**
 * All policies at the unit-hours where the HPA has V = 1 %, 0.3 % and 0.1 %; where it does not reach a
 * level, at multiples of the oracle's unit-hours instead.
 */
export function comparePolicies(
  swept: Readonly<Record<string, readonly SweptPoint[]>>,
  oracleUnitHours: number,
): readonly ComparisonRow[] {
  const curves = Object.entries(swept).map(([policy, points]) => ({
    policy,
    points,
    curve: frontier(points),
  }));
  const reference = curves.find(({ policy }) => policy === "hpa")?.curve;
  if (reference === undefined) return [];
  const bound = curves.find(({ policy }) => policy === "perfect")?.curve;
  const row = (at: ComparisonRow["at"], unitHours: number): ComparisonRow => {
    const level = at.kind === "level" ? at.level : reference.violationAt(unitHours);
    const least = bound?.violationAt(unitHours) ?? Number.NaN;
    const fewest = bound?.unitHoursAt(level) ?? Number.NaN;
    const figures = curves.map(({ policy, points, curve }): [string, ComparedFigures] => {
      const violationShare = curve.violationAt(unitHours);
      const ownUnitHours = curve.unitHoursAt(level);
      return [
        policy,
        {
          violationShare,
          violationRatio: violationShare / level,
          unitHoursRatio: ownUnitHours / unitHours,
          updatesPerHour: curve.figureAt(unitHours, (index) => points[index]?.updatesPerHour ?? Number.NaN),
          violationGapClosed: gapClosed(level, violationShare, least),
          unitHoursGapClosed: gapClosed(unitHours, ownUnitHours, fewest),
        },
      ];
    });
    return { at, unitHours, policies: Object.fromEntries(figures) };
  };
  const levels = COMPARED_LEVELS.map((level) => ({ level, unitHours: reference.unitHoursAt(level) }));
  const reached = levels.filter(({ unitHours }) => !Number.isNaN(unitHours));
  const ratios = reached.length === levels.length ? [] : COMPARED_RATIOS;
  return [
    ...reached.map(({ level, unitHours }) => row({ kind: "level", level }, unitHours)),
    ...ratios.map((ratio) => row({ kind: "ratio", ratio }, ratio * oracleUnitHours)),
  ];
}
