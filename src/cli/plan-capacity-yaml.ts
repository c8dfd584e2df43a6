import { readFile, writeFile } from "node:fs/promises";
import type { CapacityPlan } from "../capacity/plan-values.ts";
import { DAY_MS } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { EXIT } from "./exit-codes.ts";
import { isoTime } from "./instants.ts";

/** First words of a file that may be overwritten: it was written by this command. */
const HEADER = "# Capacity plan of tiercast";

/** The recommended settings as a part of `tiercast.yaml`. */
export function capacityYaml({ cutoffMs, reach, limits, commitment, caveats }: CapacityPlan): string {
  const days = Math.round(reach.horizonMs / DAY_MS);
  const lines = [
    `${HEADER}: ${days} days from ${isoTime(cutoffMs).slice(0, 10)}. Merge it into tiercast.yaml.`,
    ...caveats.map((caveat) => `# - ${caveat}`),
    "tiers:",
    "  baseline:",
    `    minUnits: ${limits.baselineMinUnits}${commitment.units > 0 ? "   # committed: paid for in any case" : ""}`,
    `    maxUnits: ${limits.baselineMaxUnits}`,
    "  predictive:",
    `    maxUnits: ${limits.predictiveMaxUnits}`,
    "  burst:",
    `    maxUnits: ${limits.burstMaxUnits}`,
    "limits:",
    `  maxTotalUnits: ${limits.maxTotalUnits}`,
    `  maxCostUsdPerHour: ${limits.maxCostUsdPerHour}`,
    `  burstReserveUnits: ${limits.burstReserveUnits}`,
    "",
  ];
  return lines.join("\n");
}

/** Writes a snippet; never over a file that this command did not write. */
export async function writeSnippet(path: string, text: string): Promise<void> {
  const before = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return HEADER;
    throw new UserError(`--write: ${path} cannot be read (${error.code})`, EXIT.error);
  });
  if (!before.startsWith(HEADER))
    throw new UserError(`--write: ${path} exists and is no capacity plan (name another file)`);
  await writeFile(path, text).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`--write: ${path} cannot be written (${error.code})`, EXIT.error);
  });
}
