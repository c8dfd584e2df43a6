import { runVitest } from "../ci/run-vitest.ts";
import { closingLine } from "../ci/summary.ts";
import { clusterEnvironment, prepareCluster } from "./prepare.ts";

/**
 * `npm run test:kubernetes`: builds engine, provider and cluster where the cache lacks them (25 CPU minutes the first
 * time), then runs test/kubernetes alone. Arguments go to vitest: `npm run test:kubernetes -- -t outage`. The last line is
 * `N passed, N failed`.
 */
const prepared = prepareCluster();
if (prepared === undefined) {
  process.stdout.write("0 passed, 1 failed\n");
  process.exitCode = 1;
} else {
  const summary = await runVitest(
    ["test/kubernetes", ...process.argv.slice(2)],
    clusterEnvironment(prepared),
  );
  for (const skipped of summary.skipped) process.stdout.write(`skipped: ${skipped}\n`);
  for (const failure of summary.failures) process.stdout.write(`failed: ${failure}\n`);
  process.stdout.write(`${closingLine(summary)}\n`);
  process.exitCode = summary.failed === 0 ? 0 : 1;
}
