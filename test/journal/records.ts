import type { CycleRecord } from "../../src/model/cycle.ts";
import type { StackInputs } from "../../src/model/stack-inputs.ts";

export function recordOf(cycle: number, over: Partial<CycleRecord> = {}): CycleRecord {
  const startedMs = cycle * 60_000;
  return {
    schema: 1,
    cycle,
    planGeneration: cycle,
    startedMs,
    observation: {
      atMs: startedMs,
      cutoffMs: startedMs,
      demandRps: 40 + (cycle % 7),
      recentRps: [40, null, 42],
      freshness: "fresh",
      note: "",
    },
    forecast: null,
    evidence: null,
    decideInput: { note: "Zürich \u0000 😀" },
    decision: null,
    stackInputs: null,
    apply: { kind: "no-change" },
    verdict: null,
    platform: null,
    stageMs: { observe: 3, forecast: 120 },
    error: null,
    ...over,
  };
}

export function inputsOf(generation: number, baseline = 2): StackInputs {
  const tier = (units: number) => ({ units, priceUsdPerUnitHour: 0.1 });
  return {
    service: "shop",
    platform: "local",
    planGeneration: generation,
    decisionId: `d${generation}`,
    cutoffMs: 0,
    tiers: { baseline: tier(baseline), predictive: tier(1), burst: tier(0) },
    warm: { units: 0, priceUsdPerUnitHour: 0.04, expiresMs: null, ttlWallMs: null, reason: "" },
    observedUnits: 3,
    tags: {},
    endpointFile: "endpoint.json",
  };
}

/** A forecast for a day at five minutes, the size that real records have. */
export function bigRecordOf(cycle: number): CycleRecord {
  const levels = Array.from({ length: 17 }, (_, k) => (k + 1) / 18);
  const quantiles = levels.map((level) =>
    Array.from({ length: 288 }, (_, h) => 100 * level + Math.sin((h + cycle) / 50) + h / 7),
  );
  return recordOf(cycle, { forecast: { cutoffMs: 0, stepMs: 300_000, levels, quantiles } });
}
