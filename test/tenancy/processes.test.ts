import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { openPlace } from "./ledger.fixture.ts";

const CHILD = fileURLToPath(new URL("member-child.ts", import.meta.url));
const SERVICES = ["cart", "mail", "shop", "wiki"] as const;
const FLOORS: Readonly<Record<string, number>> = { cart: 2, mail: 4, shop: 1, wiki: 3 };
const BUDGET = 30;

/** Priorities and weights differ; the lease is far longer than the test, so that nobody is given up. */
const FOUR = [
  "lease: 1h",
  "accounts:",
  "  - name: web",
  `    maxUnits: ${BUDGET}`,
  "    members:",
  ...SERVICES.map((service, i) => {
    const words = `priority: ${i % 2}, weight: ${i + 1}, floorUnits: ${FLOORS[service]}`;
    return `      - { service: ${service}, ${words} }`;
  }),
];

interface Row {
  readonly service: string;
  readonly granted: number;
  readonly held: number;
  readonly in_use: number;
}

test("four processes on one ledger, killed at any instant: the budget holds whenever anybody looks", {
  timeout: 60_000,
}, async () => {
  const place = openPlace();
  place.budget(FOUR);
  const unitsFile = (service: string): string => join(place.folder, `${service}.units`);
  const children = new Map<string, ChildProcess>();
  let seed = 7;
  const start = async (service: string): Promise<void> => {
    seed += 1;
    const child = spawn(process.execPath, [
      CHILD,
      service,
      place.budgetFile,
      unitsFile(service),
      String(seed),
    ]);
    children.set(service, child);
    await once(child.stdout, "data");
  };
  onTestFinished(() => {
    for (const child of children.values()) child.kill("SIGKILL");
  });
  await Promise.all(SERVICES.map(start));
  let looks = 0;
  let most = 0;
  for (let round = 0; round < 10; round++) {
    const victim = SERVICES[round % SERVICES.length] ?? "cart";
    for (let look = 0; look < 15; look++) {
      await sleep(12);
      const rows = readRows(place.ledgerFile);
      const promised = SERVICES.map((service) => {
        const row = rows.find((each) => each.service === service);
        return Math.max(FLOORS[service] ?? 0, row?.held ?? 0, row?.granted ?? 0);
      });
      expect(sum(promised), JSON.stringify(rows)).toBeLessThanOrEqual(BUDGET);
      looks += 1;
      most = Math.max(most, sum(rows.map((row) => row.granted)));
      for (const row of rows) expect(row.granted).toBeGreaterThanOrEqual(FLOORS[row.service] ?? 0);
    }
    const child = children.get(victim);
    child?.kill("SIGKILL");
    if (child !== undefined && child.exitCode === null && child.signalCode === null)
      await once(child, "exit");
    // Nobody took what the dead one runs: all units that run fit the budget, while the others go on.
    expect(sum(frozenUnits(children, unitsFile))).toBeLessThanOrEqual(BUDGET);
    await start(victim);
  }
  expect(looks).toBe(150);
  // The budget was worth fighting for.
  expect(most).toBeGreaterThan(BUDGET - 4);
});

/** What runs everywhere at one instant: the living are stopped while their files are read. */
function frozenUnits(children: ReadonlyMap<string, ChildProcess>, fileOf: (service: string) => string) {
  const living = [...children.values()].filter(
    (child) => child.exitCode === null && child.signalCode === null,
  );
  for (const child of living) child.kill("SIGSTOP");
  const units = SERVICES.map((service) => lastNumber(fileOf(service)));
  for (const child of living) child.kill("SIGCONT");
  return units;
}

function lastNumber(file: string): number {
  try {
    return Number(readFileSync(file, "utf8").trim().split("\n").at(-1) ?? 0);
  } catch {
    return 0;
  }
}

function readRows(file: string): readonly Row[] {
  const db = new DatabaseSync(file, { timeout: 5_000 });
  try {
    return db
      .prepare("SELECT service, granted, held, in_use FROM entries")
      .all() as unknown as readonly Row[];
  } finally {
    db.close();
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
