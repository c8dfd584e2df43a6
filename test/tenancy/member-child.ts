import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { readBudgetFile } from "../../src/config/budget-file.ts";
import { grantShare } from "../../src/decide/grant-share.ts";
import { openTenancy } from "../../src/tenancy/tenancy.ts";

/*
 * One service without a platform: claims, "applies" what it is granted after a while, says so, again and again, until
 * it is killed. What runs stands in a file, as a platform would go on running: a line `units` per change.
 *
 *     node member-child.ts SERVICE BUDGET-FILE UNITS-FILE SEED
 */
const [service = "", budgetFile = "", unitsFile = "", seed = "1"] = process.argv.slice(2);
const { appendFileSync } = await import("node:fs");
let state = Number(seed);
const random = (): number => {
  state = (state * 48_271) % 2_147_483_647;
  return state / 2_147_483_647;
};
const running = (): number => {
  try {
    return Number(readFileSync(unitsFile, "utf8").trim().split("\n").at(-1) ?? 0);
  } catch {
    return 0;
  }
};
const tenancy = openTenancy({
  service,
  budgetFile,
  readBudget: readBudgetFile,
  lastAccount: () => undefined,
  wallMs: Date.now,
  monotonicMs: () => performance.now(),
});

process.stdout.write("ready\n");
for (;;) {
  const neededUnits = Math.floor(random() * 20);
  const askedUnits = neededUnits + Math.floor(random() * 8);
  const inUseUnits = running();
  const outcome = tenancy.exchange((book) =>
    grantShare(book, { service, neededUnits, askedUnits, inUseUnits, acts: true }),
  );
  if (outcome.kind === "done") {
    const after = Math.max(Math.min(askedUnits, outcome.share.grantedUnits), inUseUnits - 4);
    await sleep(random() * 6);
    if (after !== inUseUnits) appendFileSync(unitsFile, `${after}\n`);
    await sleep(random() * 6);
    tenancy.settle(after);
  } else {
    process.stdout.write(`${outcome.reason}\n`);
  }
  await sleep(random() * 10);
}
