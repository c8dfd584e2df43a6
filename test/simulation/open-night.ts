import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type JournalOptions, openJournal } from "../../src/journal/journal.ts";
import type { Journal } from "../../src/model/journal-port.ts";
import type { Settings } from "../../src/model/settings.ts";
import { DAY_MS } from "../../src/model/time.ts";
import { openSimulation, type Simulation } from "../../src/simulate/simulate-daemon.ts";
import { simulatedSettings } from "../../src/simulate/simulated-settings.ts";
import type { WorldOptions } from "../../src/simulate/simulated-world.ts";

/** Memory where there is one: the journal syncs at each write, and a night has hundreds. */
const ROOT = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** The real journal in a folder that goes when `use` is over. */
export async function withJournal<Result>(
  use: (journal: Journal) => Promise<Result>,
  limits: JournalOptions["limits"] = { reserveBytes: 0 },
): Promise<Result> {
  const folder = mkdtempSync(join(ROOT, "tiercast-night-"));
  const journal = openJournal({ folder, retentionMs: 400 * DAY_MS, limits });
  try {
    return await use(journal);
  } finally {
    journal.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A simulation whose journal goes with the test. */
export function openNight(
  over: Partial<Omit<WorldOptions, "settings">> & {
    readonly settings?: Partial<Settings>;
    readonly limits?: JournalOptions["limits"];
  } = {},
): Simulation {
  const folder = mkdtempSync(join(ROOT, "tiercast-night-"));
  const limits = over.limits ?? { reserveBytes: 0 };
  const journal = openJournal({ folder, retentionMs: 400 * DAY_MS, limits });
  onTestFinished(() => {
    journal.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const settings = { ...simulatedSettings(), ...over.settings };
  return openSimulation({ seed: 1, journal, ...over, settings });
}
