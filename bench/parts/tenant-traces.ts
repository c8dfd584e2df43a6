import { seededRandom } from "../../src/simulate/seeded-random.ts";
import { STEP_MS, type TenantTrace } from "./tenant-world.ts";

const STEPS_A_DAY = 86_400_000 / STEP_MS;
const UNIT_RPS = 10;
const CROWD_HOURS = [20, 12, 21, 9];

/** A flash crowd: hours after the start, and how many times the usual demand comes. */
interface Crowd {
  readonly hour: number;
  readonly lastsHours: number;
  readonly factor: number;
}

/**
 * Three services with different rhythms, `days` long: a shop with evenings and flash crowds, a search used at noon, and
 * reports that want much every evening from 19:00, in the shop's best hours.
 */
export function tenantTraces(days: number, seed: number): readonly TenantTrace[] {
  const bell = (hour: number, peak: number, width: number) =>
    Math.exp(-(((((hour - peak + 36) % 24) - 12) / width) ** 2));
  const checkout = (hour: number) => 6 + 12 * bell(hour, 20, 3) + 4 * bell(hour, 12, 3);
  const search = (hour: number) => 4 + 12 * bell(hour, 13, 4);
  const reports = (hour: number) => (hour >= 19 && hour < 23 ? 22 : 2);
  const crowds = Array.from({ length: Math.floor(days / 2) }, (_, i): Crowd => {
    return { hour: 48 * i + 24 + (CROWD_HOURS[i % CROWD_HOURS.length] ?? 20), lastsHours: 1.5, factor: 1.7 };
  });
  return [
    trace("checkout", checkout, days, seed, crowds),
    trace("search", search, days, seed + 1, []),
    trace("reports", reports, days, seed + 2, []),
  ];
}

function trace(
  service: string,
  unitsAt: (hour: number) => number,
  days: number,
  seed: number,
  crowds: readonly Crowd[],
): TenantTrace {
  const random = seededRandom(seed);
  const expectedUnits = (step: number) => unitsAt(((step % STEPS_A_DAY) * 24) / STEPS_A_DAY);
  let drift = 0;
  const demandRps = Array.from({ length: days * STEPS_A_DAY }, (_, step) => {
    // Two uniform draws make a bell of their own; a slow part and a fast one.
    drift = 0.95 * drift + 0.03 * (random() + random() - 1);
    const noise = 1 + drift + 0.12 * (random() + random() - 1);
    const hour = (step * 24) / STEPS_A_DAY;
    const crowd = crowds.find((each) => hour >= each.hour && hour < each.hour + each.lastsHours);
    return Math.max(0, expectedUnits(step) * UNIT_RPS * noise * (crowd?.factor ?? 1));
  });
  return { service, expectedUnits, demandRps };
}
