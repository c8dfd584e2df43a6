import { describe, expect, test } from "vitest";
import { createTrafficRing } from "../../src/local/traffic-ring.ts";

const READY = { byTier: { baseline: 2, predictive: 1, burst: 0 }, warm: 3 };
const SECOND = 1_000;
/** A whole second of the wall clock to start from. */
const START = 1_700_000_000_000;

describe("traffic ring", () => {
  function started() {
    const ring = createTrafficRing();
    ring.tick(START - SECOND, READY);
    return ring;
  }

  test("counts by second, with the running second left out", () => {
    const ring = started();
    ring.arrive(START + 10);
    ring.arrive(START + 990);
    ring.serve(START + 990, 50, 20, false);
    ring.serve(START + 1_100, 150, 40, true);
    ring.tick(START + 1_200, READY);
    const samples = ring.samples(0, START + 1_500);
    expect(samples).toMatchObject([
      {
        fromWallMs: START,
        toWallMs: START + SECOND,
        arrived: 2,
        served: 1,
        late: 0,
        readyUnits: 3,
        warmUnits: 3,
      },
    ]);
    expect(ring.samples(0, START + 2_000)[1]).toMatchObject({ served: 1, late: 1, meanServiceMs: 40 });
  });

  test("quiet seconds are zero, unwatched ones are missing", () => {
    const ring = started();
    ring.tick(START, READY);
    ring.tick(START + 3_000, READY);
    ring.tick(START + 60_000, READY);
    ring.tick(START + 61_000, READY);
    ring.tick(START + 62_000, READY);
    const seconds = ring.samples(0, START + 62_500).map(({ fromWallMs }) => (fromWallMs - START) / SECOND);
    expect(seconds).toEqual([0, 1, 2, 3, 61]);
  });

  test("the first second was not watched whole", () => {
    const ring = createTrafficRing();
    ring.tick(START + 700, READY);
    ring.tick(START + 1_200, READY);
    ring.tick(START + 2_200, READY);
    expect(ring.samples(0, START + 2_500).map(({ fromWallMs }) => fromWallMs)).toEqual([START + SECOND]);
  });

  test("the clock back an hour forgets the future and counts on", () => {
    const ring = started();
    ring.arrive(START + 1);
    ring.tick(START + 1_000, READY);
    const back = START - 3_600_000;
    ring.tick(back, READY);
    ring.arrive(back + 1_000);
    ring.tick(back + 2_000, READY);
    expect(ring.samples(0, back + 2_500)).toMatchObject([{ fromWallMs: back + SECOND, arrived: 1 }]);
    expect(ring.samples(0, START + 10_000)).toHaveLength(2);
  });

  test("keeps at least 15 minutes and not for ever", () => {
    const ring = started();
    for (let second = 0; second < 2_000; second++) ring.tick(START + second * SECOND, READY);
    const samples = ring.samples(0, START + 2_000 * SECOND);
    expect(samples.length).toBeGreaterThanOrEqual(900);
    expect(samples.length).toBeLessThanOrEqual(1_200);
    expect(samples.at(-1)?.fromWallMs).toBe(START + 1_999 * SECOND);
  });

  test("a second's response times travel as counts by bucket", () => {
    const ring = started();
    for (const latencyMs of [1, 50, 50, 400]) ring.serve(START + 10, latencyMs, 20, false);
    ring.tick(START + SECOND, READY);
    const [sample] = ring.samples(0, START + SECOND);
    expect(sample?.latencyCounts).toEqual([0, 1, 21, 2, 32, 1]);
  });
});
