import type { ControllerParts } from "./parts.ts";
import type { Draft } from "./pass.ts";

/** The record of a cycle that has seen nothing yet. */
export function emptyRecord(parts: ControllerParts): Draft {
  const startedMs = parts.clock.nowMs();
  return {
    schema: 1,
    cycle: parts.journal.nextCycleNumber(),
    planGeneration: 0,
    startedMs,
    observation: {
      atMs: startedMs,
      cutoffMs: startedMs,
      demandRps: null,
      recentRps: [],
      freshness: "missing",
      note: "not observed",
    },
    forecast: null,
    evidence: null,
    decideInput: null,
    decision: null,
    stackInputs: null,
    apply: null,
    verdict: null,
    platform: null,
    stageMs: {},
    error: null,
  };
}
