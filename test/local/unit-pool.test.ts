import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { drawServiceMs, drawStartMs, seededRandom } from "../../src/local/random.ts";
import { createUnitPool, type UnitPool } from "../../src/local/unit-pool.ts";

const folder = mkdtempSync(join(tmpdir(), "tiercast-pool-"));
let pool: UnitPool | undefined;

afterEach(async () => {
  await pool?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("units that end at once are started again ever more slowly", async () => {
  const unitFile = join(folder, "broken.mjs");
  const startsFile = join(folder, "starts");
  const program = `import { appendFileSync } from "node:fs"; appendFileSync(${JSON.stringify(startsFile)}, "x");`;
  writeFileSync(unitFile, `${program} process.exit(1);`);
  const logged: string[] = [];
  pool = createUnitPool({
    unitFile,
    random: seededRandom(1),
    settings: () => ({ startMedianMs: 0, startSigma: 0, drainMs: 0 }),
    nowMs: () => performance.now(),
    onChange: () => undefined,
    log: (message) => void logged.push(message),
  });
  pool.want({ baseline: 1, predictive: 0, burst: 0, warm: 0 });
  await new Promise((done) => setTimeout(done, 2_000));
  // Starts at about 0, 0.25, 0.75 and 1.75 s; without back-off there would be 20.
  expect(readFileSync(startsFile, "utf8").length).toBeGreaterThanOrEqual(2);
  expect(readFileSync(startsFile, "utf8").length).toBeLessThanOrEqual(4);
  expect(logged[1]).toContain("next start in 500 ms");
});

test("start times have the median and spread asked for, service times the mean", () => {
  const random = seededRandom(7);
  const starts = Array.from({ length: 20_000 }, () => drawStartMs(random, 3_000, 0.3)).sort((a, b) => a - b);
  expect(starts[10_000]).toBeGreaterThan(2_950);
  expect(starts[10_000]).toBeLessThan(3_050);
  expect(starts[19_000]).toBeGreaterThan(4_800);
  expect(starts[19_000]).toBeLessThan(5_020);
  const services = Array.from({ length: 20_000 }, () => drawServiceMs(random, 200));
  const mean = services.reduce((sum, each) => sum + each, 0) / services.length;
  expect(Math.abs(mean - 200)).toBeLessThan(3);
  expect(Math.min(...services)).toBeGreaterThanOrEqual(100);
});

test("the same seed draws the same, another another", () => {
  const draw = (seed: number) => Array.from({ length: 5 }, seededRandom(seed));
  expect(draw(3)).toEqual(draw(3));
  expect(draw(3)).not.toEqual(draw(4));
});
