import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomStream } from "../forecast/fixtures.ts";
import { type CliPlace, openPlace } from "./run-cli.ts";

const STEP_MS = 900_000;
const START_MS = Date.parse("2026-03-02T00:00:00Z");
const STEPS = 96 * 6;
const LIGHT = ["--members", "naive,seasonal-naive,holt-winters", "--horizon", "6h"];

let place: CliPlace;

interface Made {
  readonly iso: string;
  readonly parts: readonly [api: number, web: number];
  readonly whole: number;
  readonly cores: number;
}

/** Two parts with rhythms of their own, 5 requests/s of something else, and CPU of 0.4 + 0.02 per request/s. */
function made(): readonly Made[] {
  const random = randomStream(5);
  const noise = (size: number): number => size * (random() + random() - 1);
  return Array.from({ length: STEPS }, (_, i) => {
    const angle = (2 * Math.PI * i) / 96;
    const api = 60 - 40 * Math.cos(angle) + noise(4);
    const web = 20 + 10 * Math.sin(angle) + noise(2);
    const whole = api + web + 5;
    const iso = new Date(START_MS + i * STEP_MS).toISOString();
    return { iso, parts: [api, web] as const, whole, cores: 0.4 + 0.02 * whole + noise(0.05) };
  });
}

beforeAll(async () => {
  place = await openPlace();
  const rows = made();
  const file = (head: string, cells: (row: Made) => readonly number[], list = rows): string =>
    [head, ...list.map((row) => [row.iso, ...cells(row).map((cell) => cell.toFixed(3))].join(",")), ""].join(
      "\n",
    );
  await place.write(
    "demand.csv",
    file("timestamp,value", (row) => [row.whole]),
  );
  await place.write(
    "parts.csv",
    file('timestamp,api,"the ""web"""', (row) => row.parts),
  );
  await place.write(
    "cpu.csv",
    file("timestamp,cores", (row) => [row.cores]),
  );
  await place.write(
    "flat.csv",
    file("timestamp,value", () => [50]),
  );
  await place.write(
    "alone.csv",
    file("timestamp", () => []),
  );
  await place.write(
    "twice.csv",
    file("timestamp,api,api", (row) => row.parts),
  );
  const later = rows.map((row) => ({ ...row, iso: new Date(Date.parse(row.iso) + 1e11 * 9).toISOString() }));
  await place.write(
    "later.csv",
    file("timestamp,api,web", (row) => row.parts, later),
  );
});

afterAll(() => place.remove());

describe("--parts", () => {
  test("medians of the parts and of what is left sum to the whole, each near its own demand", async () => {
    const args = ["forecast", "demand.csv", "--parts", "parts.csv", ...LIGHT, "-o", "json"];
    const { code, stdout } = await place.run(args);
    expect(code).toBe(0);
    const { horizons, parts } = JSON.parse(stdout);
    expect(parts.map((part: { name: string }) => part.name)).toEqual(["api", 'the "web"', "(rest)"]);
    for (const [h, { medianRps }] of horizons.entries()) {
      const medians = parts.map((part: { horizons: { median: number }[] }) => part.horizons[h]?.median);
      expect(medians.reduce((a: number, b: number) => a + b, 0)).toBeCloseTo(medianRps, 6);
      expect(medians[2]).toBeCloseTo(5, 0);
    }
    // 6 h after midnight: api 60, web 30.
    const sixHours = parts.map((part: { horizons: { median: number }[] }) => part.horizons.at(-1)?.median);
    expect(Math.abs(sixHours[0] - 60)).toBeLessThan(15);
    expect(Math.abs(sixHours[1] - 30)).toBeLessThan(8);
  });

  test("as text a row per part, as CSV a column that names it", async () => {
    const args = ["forecast", "demand.csv", "--parts", "parts.csv", ...LIGHT];
    const { stdout } = await place.run(args);
    expect(stdout).toMatch(/^PART +15M +1H +6H$/m);
    expect(stdout).toMatch(/^the "web" +[\d.]+ \([\d.]+ to [\d.]+\)/m);
    const csv = (await place.run([...args, "--levels", "0.5", "-o", "csv"])).stdout.split("\n");
    expect(csv[0]).toBe("part,target,0.5");
    expect(csv.filter((line) => line.startsWith('"the ""web""",'))).toHaveLength(24);
  });

  test.each([
    [["--parts", "nope.csv"], /--parts nope\.csv: cannot be read \(ENOENT\)/],
    [["--parts", "alone.csv"], /--parts alone\.csv: has no column beside "timestamp"/],
    [["--parts", "later.csv"], /--parts later\.csv: no time in common with demand/],
    [["--parts", "twice.csv"], /--parts twice\.csv: a second part is named "api"/],
    [["--parts", "."], /--parts \.: cannot be read \(EISDIR\)/],
  ])("%j is one line and exit 2", async (more, line) => {
    const { code, stdout, stderr } = await place.run(["forecast", "demand.csv", ...more, ...LIGHT]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(line);
  });
});

describe("--resource", () => {
  test("use per request is learned, and forecast with demand", async () => {
    const args = ["forecast", "demand.csv", "--resource", "cpu.csv", ...LIGHT];
    const { resource, horizons } = JSON.parse((await place.run([...args, "-o", "json"])).stdout);
    expect(resource.model.idle).toBeCloseTo(0.4, 1);
    expect(resource.model.perRps).toBeCloseTo(0.02, 3);
    horizons.forEach(({ medianRps }: { medianRps: number }, h: number) => {
      expect(Math.abs(resource.horizons[h].median - (0.4 + 0.02 * medianRps))).toBeLessThan(0.05);
    });
    expect((await place.run(args)).stdout).toMatch(
      /^cpu: 0\.4\d* idle, 0\.02 per request\/s .* from 576 steps/m,
    );
  });

  test("demand that never varies teaches nothing of a resource", async () => {
    const { code, stderr } = await place.run(["forecast", "flat.csv", "--resource", "cpu.csv", ...LIGHT]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--resource cpu\.csv: demand varies by only 0 %/);
  });
});
