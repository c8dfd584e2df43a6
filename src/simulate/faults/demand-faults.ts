import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../model/time.ts";
import type { StubMood } from "../stub-forecaster.ts";
import { between, type FaultKind, type FaultWorld, lasting, once } from "./fault-world.ts";

const readings = (world: FaultWorld) => world.demand.troubles;
const source = (world: FaultWorld) => world.ports.demand;
const forecasts = (world: FaultWorld) => world.ports.forecast;

function mood(stage: string, wanted: StubMood): FaultKind {
  return lasting(
    stage,
    (world) => world.forecaster,
    () => ({ mood: wanted }),
  );
}

function jump(leastMs: number, mostMs: number): FaultKind {
  return once("observe", ({ clock, random }) => clock.jump(between(random, leastMs, mostMs)));
}

/** What goes wrong before a decision: the source, the clock, the forecast and what is known of its accuracy. */
export const DEMAND_FAULTS = {
  "demand-gone": lasting("observe", readings, () => ({ isGone: true })),
  "demand-gap": lasting("observe", readings, () => ({ isLosing: true })),
  "demand-halved": lasting("observe", readings, () => ({ isHalved: true })),
  "demand-late": lasting("observe", readings, (random) => ({ lateSteps: between(random, 1, 4) })),
  "demand-nan": lasting("observe", readings, () => ({ nonsense: Number.NaN })),
  "demand-nonsense": lasting("observe", readings, (random) => ({
    nonsense: random() < 0.5 ? -5 : Number.POSITIVE_INFINITY,
  })),
  "demand-zero": lasting("observe", readings, () => ({ isZero: true })),
  "demand-repeated": lasting("observe", readings, () => ({ isRepeating: true })),
  "demand-slow": lasting("observe", source, (random) => ({ delayMs: between(random, 1, 200) * SECOND_MS })),
  "demand-hangs": lasting("observe", source, () => ({ hangs: true })),
  "demand-surges": {
    stage: "observe",
    begin: (world) => {
      world.surge(1.5 + world.random());
      return () => world.surge(1);
    },
  },
  "demand-falls": {
    stage: "observe",
    begin: (world) => {
      world.surge(0.2);
      return () => world.surge(1);
    },
  },
  "clock-back": jump(-HOUR_MS, -MINUTE_MS),
  "clock-forward": jump(MINUTE_MS, HOUR_MS),
  "clock-day-back": jump(-DAY_MS, -DAY_MS),
  "clock-day-forward": jump(DAY_MS, DAY_MS),
  "clock-slews": jump(-30 * SECOND_MS, 30 * SECOND_MS),
  "forecast-throws": mood("forecast", "throws"),
  "forecast-crossed": mood("forecast", "crossed"),
  "forecast-zero": mood("forecast", "zero"),
  "forecast-hundredfold": mood("forecast", "hundredfold"),
  "forecast-huge": mood("forecast", "huge"),
  "forecast-negative": mood("forecast", "negative"),
  "forecast-ragged": mood("forecast", "ragged"),
  "forecast-empty": mood("forecast", "empty"),
  "forecast-old": mood("forecast", "old"),
  "forecast-late": lasting("forecast", forecasts, (random) => ({
    delayMs: between(random, 10, 900) * SECOND_MS,
  })),
  "forecast-hangs": lasting("forecast", forecasts, () => ({ hangs: true })),
  "scores-bad": mood("assess", "bad-scores"),
  "scores-gone": mood("assess", "no-scores"),
  "demand-drifts": mood("assess", "drifting"),
} as const satisfies Readonly<Record<string, FaultKind>>;
