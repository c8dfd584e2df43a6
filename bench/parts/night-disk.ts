import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJournal } from "../../src/journal/journal.ts";
import { JOURNAL_FILE } from "../../src/journal/open-store.ts";
import type { Journal } from "../../src/model/journal-port.ts";
import { DAY_MS } from "../../src/model/time.ts";
import type { JournalHome } from "../../src/simulate/faults/night-daemon.ts";

/** Memory where there is one: the journal syncs at each write, and a night has thousands. */
const ROOT = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const FILES = [JOURNAL_FILE, `${JOURNAL_FILE}-wal`] as const;
/** Bytes of the log that a power cut takes at most: some four transactions. */
const MOST_TORN_BYTES = 40_000;

/** The real journal on a disk of its own that can be damaged. */
export function openNightDisk(): JournalHome {
  const root = mkdtempSync(join(ROOT, "tiercast-night-"));
  let count = 0;
  let folder = join(root, "0");
  let copy: string | undefined;
  let journal: Journal | undefined;
  const newFolder = (): string => {
    count += 1;
    const made = join(root, String(count));
    mkdirSync(made);
    return made;
  };
  return {
    open: () => {
      journal = openJournal({ folder, retentionMs: 400 * DAY_MS, limits: { reserveBytes: 0 } });
      return journal;
    },
    keepCopy: () => {
      if (copy !== undefined) rmSync(copy, { recursive: true });
      copy = newFolder();
      copyFiles(folder, copy);
    },
    damage: (how, random) => {
      const next = newFolder();
      if (how === "torn") {
        copyFiles(folder, next);
        tear(join(next, FILES[1]), Math.floor(random() * MOST_TORN_BYTES));
      } else if (how === "old" && copy !== undefined) copyFiles(copy, next);
      journal?.close();
      rmSync(folder, { recursive: true });
      folder = next;
    },
    remove: () => {
      journal?.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function copyFiles(from: string, to: string): void {
  for (const name of FILES) if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
}

function tear(file: string, bytes: number): void {
  if (existsSync(file)) truncateSync(file, Math.max(0, statSync(file).size - bytes));
}
