// Tries to get the lease at a given instant, says how it went, and holds on until its input ends.
import { acquireLease } from "../../src/journal/lease.ts";

const [folder = "", atMs = "0"] = process.argv.slice(2);
while (Date.now() < Number(atMs)); // All at once: a timer would spread the starters by milliseconds.
const result = await acquireLease({ folder, name: "shop-tiers", describe: `child ${process.pid}` });
process.stdout.write(`${JSON.stringify(result)}\n`);
process.stdin.on("end", () => process.exit(0)).resume();
