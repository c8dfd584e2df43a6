import { failingUpdates, type TraceWorld } from "../world.ts";
import { hpaRule } from "./hpa-rule.ts";

const DAMPING = 0.98;
const LEVEL_GAINS = [0.2, 0.5, 0.9];
const TREND_GAINS = [0, 0.01, 0.1];
const SEASON_GAINS = [0.05, 0.2, 0.5];
/** Utilisation whose replica history the gains are chosen on. */
const TUNED_AT = 0.75;
/** The forecast is cut at this times the largest size the rule alone ever had. */
const MOST = 2;

interface Gains {
  readonly level: number;
  readonly trend: number;
  readonly season: number;
}

/**
 * Requested units of the Predictive Horizontal Pod Autoscaler per target: Holt-Winters (additive, daily
 * season, damped trend) on the history of replicas that the HPA rule asked for, looking one lead time
 * ahead; the larger of forecast and rule wins. Gains by squared error on the training part. Source:
 * jthomperoo/predictive-horizontal-pod-autoscaler, docs "Holt-Winters" model and decision type `maximum`.
 */
export function phpa(
  world: TraceWorld,
  seenRps: Float64Array,
  targets: readonly number[],
): readonly number[][] {
  const season = Math.round(1440 / world.stepMinutes);
  const updateFails = failingUpdates(world);
  const rule = (targetUtilization: number, floorUnits?: ArrayLike<number>) =>
    hpaRule(seenRps, { ...world, targetUtilization, updateFails }, floorUnits);
  const gains = tunedGains(rule(TUNED_AT).slice(0, world.firstScored), season, world.leadSteps);
  return targets.map((target) => {
    const replicas = rule(target);
    const most = MOST * replicas.reduce((a, b) => Math.max(a, b), 0);
    const floor = holtWinters(replicas, season, gains, world.leadSteps).map((units) =>
      Number.isNaN(units) ? 0 : Math.min(most, Math.max(0, Math.ceil(units - 1e-9))),
    );
    return rule(target, floor);
  });
}

function tunedGains(replicas: readonly number[], season: number, ahead: number): Gains {
  let best: Gains = { level: 0.5, trend: 0.01, season: 0.1 };
  if (replicas.length < 2 * season + 50) return best;
  let least = Number.POSITIVE_INFINITY;
  for (const level of LEVEL_GAINS) {
    for (const trend of TREND_GAINS) {
      for (const seasonal of SEASON_GAINS) {
        const gains = { level, trend, season: seasonal };
        const error = meanSquare(holtWinters(replicas, season, gains, ahead), replicas, ahead);
        if (error < least) [least, best] = [error, gains];
      }
    }
  }
  return best;
}

function meanSquare(forecast: Float64Array, truth: readonly number[], ahead: number): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i + ahead < truth.length; i++) {
    const expected = forecast[i] ?? Number.NaN;
    if (Number.isNaN(expected)) continue;
    sum += (expected - (truth[i + ahead] ?? 0)) ** 2;
    count++;
  }
  return sum / count;
}

/** `out[t]`: units expected at t + ahead, made with the history up to t; NaN in the first two seasons. */
function holtWinters(history: readonly number[], season: number, gains: Gains, ahead: number): Float64Array {
  const expected = new Float64Array(history.length).fill(Number.NaN);
  if (history.length < 2 * season) return expected;
  const start = history.slice(0, season);
  let level = start.reduce((a, b) => a + b, 0) / season;
  let trend = 0;
  const seasonal = Float64Array.from(start, (units) => units - level);
  let reach = 0;
  for (let h = 1; h <= ahead; h++) reach += DAMPING ** h;
  for (let t = season; t < history.length; t++) {
    const units = history[t] ?? 0;
    const i = t % season;
    const before = level;
    const usual = seasonal[i] ?? 0;
    level = gains.level * (units - usual) + (1 - gains.level) * (level + DAMPING * trend);
    trend = gains.trend * (level - before) + (1 - gains.trend) * DAMPING * trend;
    seasonal[i] = gains.season * (units - level) + (1 - gains.season) * usual;
    if (t >= 2 * season) expected[t] = level + reach * trend + (seasonal[(t + ahead) % season] ?? 0);
  }
  return expected;
}
