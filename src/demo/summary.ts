import { type DemoSummary, renderSummary } from "../cli/view/render-summary.ts";
import { unitsFor } from "../decide/capacity.ts";
import type { CycleRecord } from "../model/cycle.ts";
import { totalUnits } from "../model/tier.ts";
import type { Stage } from "./open-stage.ts";
import { ownOutcome, reactiveOutcome } from "./view-of.ts";

/** The account at the end: what was done and what it came to, beside a reactive rule on the same demand. */
export function printSummary(stage: Stage): void {
  const { scene } = stage;
  stage.compare();
  stage.close();
  const { comparison } = scene;
  const lines = renderSummary({
    tiercast: ownOutcome(scene.meter),
    reactive: comparison === undefined ? null : reactiveOutcome(scene, comparison),
    updates: stage.records.filter((record) => record.apply?.kind === "applied").length,
    scaleUpsAhead: scaleUpsAhead(stage),
    scaleDowns: applied(stage).filter((change) => change.after < change.before).length,
    engine: scene.engine,
    wallMs: (stage.endedMs - stage.trace.startMs) / stage.speed,
    traceMs: stage.endedMs - stage.trace.startMs,
  });
  process.stdout.write(`\n${lines.join("\n")}\n`);
  if (comparison === undefined) return;
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  const { tiercast, reactive, unitRps, targetUtilization } = comparison;
  process.stdout.write(
    [
      "",
      "Both by one formula, the load beyond what ready units carry:",
      `tiercast ${percent(tiercast.violationShare)}, ` +
        `HPA rule (target ${targetUtilization * 100} %) ${percent(reactive.violationShare)}, ` +
        `at ${unitRps.toFixed(1)} requests/s a unit.`,
      "",
    ].join("\n"),
  );
}

interface SizeChange {
  readonly record: CycleRecord;
  readonly before: number;
  readonly after: number;
}

function applied(stage: Stage): readonly SizeChange[] {
  return stage.records.flatMap((record) => {
    if (record.apply?.kind !== "applied" || record.decision === null) return [];
    const { before, after } = record.decision;
    return [{ record, before: totalUnits(before.units), after: totalUnits(after.units) }];
  });
}

/** A scale-up is ahead of a rise when its units were ready before demand first needed more than there was. */
function scaleUpsAhead(stage: Stage): DemoSummary["scaleUpsAhead"] {
  const seconds = stage.scene.meter?.seconds ?? [];
  const { resources } = stage.settings;
  const leadsMs: number[] = [];
  for (const { record, before, after } of applied(stage)) {
    if (after <= before || before === 0) continue;
    const later = seconds.filter((second) => second.atMs >= record.startedMs);
    const ready = later.find((second) => second.readyUnits >= after);
    const needed = later.find((second) => unitsFor(second.demandRps, resources, null).units > before);
    if (ready !== undefined && needed !== undefined && ready.atMs < needed.atMs)
      leadsMs.push(needed.atMs - ready.atMs);
  }
  leadsMs.sort((a, b) => a - b);
  return { count: leadsMs.length, medianLeadMs: leadsMs[Math.floor(leadsMs.length / 2)] ?? null };
}
