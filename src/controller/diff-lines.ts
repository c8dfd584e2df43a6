import type { ResourceChange } from "../model/ports.ts";

const SIGNS: Readonly<Record<string, string>> = { create: "+", update: "~", delete: "-", replace: "±" };

/** Only what people compare: the plan's own bookkeeping (generation, decision, cutoff) changes each time. */
const BOOKKEEPING = new Set(["planGeneration", "decisionId", "cutoffMs", "observedUnits"]);

/** A diff in lines: `~ predictive units 3 -> 8`, `+ burst`, `- warm`. The plan resource is left out. */
export function diffLines(changes: readonly ResourceChange[]): readonly string[] {
  const lines: string[] = [];
  for (const change of changes) {
    if (change.type.endsWith(":Plan") || change.type.startsWith("pulumi:")) continue;
    const sign = SIGNS[change.op] ?? change.op;
    const parts = change.diff
      .filter((entry) => !BOOKKEEPING.has(entry.property) && change.op === "update")
      .map((entry) => `${entry.property} ${entry.before} -> ${entry.after}`);
    lines.push([sign, change.name, parts.join(", ")].filter((part) => part !== "").join(" "));
  }
  return lines;
}
