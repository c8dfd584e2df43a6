import type { PolicyTimeline, TraceWorld } from "./world.ts";

/**
 * Lines of a timeline as CSV, header first: a row per step of the grid, gaps included; times ISO 8601 UTC.
 */
export function* timelineRows(timeline: PolicyTimeline, world: TraceWorld): Generator<string> {
  const { tiers } = timeline;
  const names = ["timestamp", "ready_units", "requested_units", "warm_units"];
  yield [...names, ...(tiers === undefined ? [] : ["baseline", "predictive", "burst"])].join(",");
  const { startMs, stepMs } = world.series;
  for (let row = 0; row < timeline.requestedUnits.length; row++) {
    const atMs = startMs + (timeline.firstStep + row) * stepMs;
    const warmUnits = (timeline.warmIdleUnits?.[row] ?? 0) + (timeline.warmPreparingUnits?.[row] ?? 0);
    const cells = [isoSeconds(atMs), timeline.readyUnits[row], timeline.requestedUnits[row], warmUnits];
    if (tiers !== undefined) cells.push(tiers.baseline[row], tiers.predictive[row], tiers.burst[row]);
    yield cells.join(",");
  }
}

function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
