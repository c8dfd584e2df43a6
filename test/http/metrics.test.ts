import { expect, test } from "vitest";
import { metricFamilies, metricsText } from "../../src/http/metrics.ts";
import type { Decision } from "../../src/model/decision.ts";
import { addCycle, NO_TOTALS } from "../../src/model/totals.ts";
import { recordOf } from "../journal/records.ts";
import { statusOf } from "./statuses.ts";

const HEALTHY = { kind: "healthy" } as const;

test.each([
  'tiercast_info{version="0.1.0",service="shop",stack="shop/tiers"} 1',
  'tiercast_cycles_total{outcome="no-change"} 2',
  'tiercast_cycles_total{outcome="policy-violation"} 1',
  'tiercast_engine_runs_total{outcome="policy-violation"} 1',
  "tiercast_policy_violations_total 2",
  'tiercast_stage_duration_seconds_bucket{le="0.005",stage="observe"} 3',
  'tiercast_stage_duration_seconds_bucket{le="0.1",stage="forecast"} 0',
  'tiercast_stage_duration_seconds_bucket{le="0.25",stage="forecast"} 3',
  'tiercast_stage_duration_seconds_bucket{le="+Inf",stage="forecast"} 3',
  'tiercast_stage_duration_seconds_sum{stage="forecast"} 0.36',
  'tiercast_stage_duration_seconds_count{stage="forecast"} 3',
  "tiercast_demand_rps 41.5",
  "tiercast_demand_staleness_seconds 30",
  'tiercast_forecast_rps{horizon="5m",quantile="0.95"} 60',
  'tiercast_forecast_coverage_ratio{horizon="5m"} 0.91',
  'tiercast_tier_units{tier="predictive",state="wanted"} 3',
  'tiercast_tier_units{tier="predictive",state="ready"} 1',
  'tiercast_warm_units{state="wanted"} 1',
  "tiercast_trust_ratio 0.8",
  "tiercast_lead_time_seconds 4.2",
  "tiercast_event_loop_delay_p99_seconds 0.012",
  "tiercast_resident_memory_bytes 80000000",
  "tiercast_journal_size_bytes 4096",
  "tiercast_paused 0",
  'tiercast_mode{mode="active"} 1',
  'tiercast_mode{mode="shadow"} 0',
  "tiercast_plan_generation 9",
  "tiercast_healthy 1",
])("%s", async (line) => {
  expect((await metricsText(statusOf(), HEALTHY)).split("\n")).toContain(line);
});

test("what is not known has no sample, never a zero", async () => {
  const text = await metricsText(
    statusOf({
      demand: { rps: null, freshness: "missing", ageMs: null, note: "" },
      sizes: { wanted: null, ready: null },
      trust: null,
      lastCycle: null,
    }),
    { kind: "stalled", reason: "" },
  );
  expect(text).not.toMatch(/^tiercast_(demand_rps|demand_staleness|tier_units|trust)/m);
  expect(text).toMatch(/^tiercast_demand_fresh 0$/m);
  expect(text).toMatch(/^tiercast_healthy 0$/m);
});

test("names follow Prometheus: tiercast_ prefix, _total for counters only, help for all, no name twice", () => {
  const families = metricFamilies(statusOf(), HEALTHY);
  for (const { name, type, help } of families) {
    expect(name).toMatch(/^tiercast_[a-z0-9]+(_[a-z0-9]+)*$/);
    expect(name.endsWith("_total")).toBe(type === "counter");
    expect(help).not.toBe("");
  }
  expect(new Set(families.map(({ name }) => name)).size).toBe(families.length);
});

test("hostile texts stay inside their label and names of a flood become one", async () => {
  const flood = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, i) => [`r${"x".repeat(i % 90)}${i}`, 1]),
  );
  const named = Object.fromEntries(
    Array.from({ length: 900 }, (_, i) => [
      `a${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}`,
      1,
    ]),
  );
  const text = await metricsText(
    statusOf({
      service: 'a"} 1\ntiercast_healthy 0\\',
      totals: { ...NO_TOTALS, decisions: { ...flood, __proto__x: 1, 'b"\n': 2 }, cycles: named },
    }),
    HEALTHY,
  );
  const lines = text.split("\n");
  expect(lines).toContain(
    String.raw`tiercast_info{version="0.1.0",service="a\"} 1\ntiercast_healthy 0\\",stack="shop/tiers"} 1`,
  );
  expect(lines.filter((line) => line.startsWith("tiercast_healthy "))).toEqual(["tiercast_healthy 1"]);
  expect(lines).toContain('tiercast_decisions_total{reason="other"} 5003');
  expect(lines.filter((line) => line.startsWith("tiercast_cycles_total{"))).toHaveLength(41);
});

test("totals count a cycle once each: outcome, decision, engine time", () => {
  const decision = { outcome: { kind: "hold", reason: "stabilizing" } } as Decision;
  const change = { outcome: { kind: "change" } } as Decision;
  const totals = [
    recordOf(1, { decision }),
    recordOf(2, {
      decision: change,
      apply: { kind: "applied", changes: {}, diff: [], policiesPassed: 11, engineMs: 2_500 },
    }),
    recordOf(3, { error: "broken", apply: null }),
    recordOf(4, { apply: null }),
  ].reduce(addCycle, NO_TOTALS);
  expect(totals.cycles).toEqual({ "no-change": 1, applied: 1, error: 1, stopped: 1 });
  expect(totals.decisions).toEqual({ stabilizing: 1, change: 1 });
  expect(totals.engineRuns).toEqual({ applied: 1 });
  expect(totals.engineSeconds).toBe(2.5);
});
