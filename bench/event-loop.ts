/**
 * Event-loop delay of the main thread while the engine forecasts many series, cold and then warm.
 *
 *     node bench/event-loop.ts [--series 20] [--points 4032] [--threads N]
 */
import { availableParallelism, cpus, loadavg } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { createForecastEngine } from "../src/forecast/engine/engine.ts";
import { MEMBERS } from "../src/forecast/registry.ts";
import type { DemandSeries } from "../src/model/series.ts";
import { DAY_MS, durationMs, epochMs, HOUR_MS, MINUTE_MS } from "../src/model/time.ts";

const { values: args } = parseArgs({
  options: {
    series: { type: "string", default: "20" },
    points: { type: "string", default: "4032" },
    threads: { type: "string", default: String(Math.max(1, availableParallelism() - 1)) },
  },
});
const STEP_MS = 5 * MINUTE_MS;

const engine = createForecastEngine({
  settings: {
    members: MEMBERS.map((member) => member.name),
    refitMs: HOUR_MS,
    trainMs: durationMs(14 * DAY_MS),
    capFactor: 3,
  },
  timeZone: "UTC",
  horizons: [STEP_MS, 30 * MINUTE_MS, HOUR_MS, DAY_MS],
  threads: Number(args.threads),
});
const machine = `${cpus().length} x ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`;
console.log(`${machine}, Node ${process.version}, ${args.threads} threads`);
const all = Array.from({ length: Number(args.series) }, (_, seed) =>
  wave(seed + 1, Number(args.points) + 12),
);
await round("cold", 12);
await round("5 min later", 11);
await round("1 h later", 0);
await engine.close();

async function round(name: string, heldBack: number): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const startedMs = performance.now();
  delay.enable();
  const answers = await Promise.all(
    all.map((series, i) => {
      const values = series.values.slice(0, series.values.length - heldBack);
      return engine.forecast(`series-${i}`, { ...series, values });
    }),
  );
  delay.disable();
  const fitMs = answers.reduce((sum, { evidence }) => sum + evidence.fitMs, 0) / answers.length;
  const ms = (nanoseconds: number): string => (nanoseconds / 1e6).toFixed(1);
  const tookS = (performance.now() - startedMs) / 1000;
  const took = `${tookS.toFixed(1)} s, ${fitMs.toFixed(0)} ms each in the worker`;
  const delays = `event-loop delay p99 ${ms(delay.percentile(99))} ms, max ${ms(delay.max)} ms`;
  console.log(`${name}: ${answers.length} series x ${args.points} points in ${took}; ${delays}`);
}

function wave(seed: number, points: number): DemandSeries {
  let state = seed * 7919;
  const random = (): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  const values = Float64Array.from({ length: points }, (_, i) => {
    const angle = (2 * Math.PI * i * STEP_MS) / DAY_MS;
    return Math.max(0, 200 - 120 * Math.cos(angle) + 40 * (random() + random() - 1));
  });
  return { startMs: epochMs(Date.UTC(2026, 2, 2)), stepMs: durationMs(STEP_MS), values };
}
