/**
 * The journal's disk, or its own size limit, is full. Nothing of the refused write is on disk, the journal
 * stays usable, and the same write works again once there is space: hold, prune, try at the next cycle.
 */
export class JournalFull extends Error {
  readonly file: string;

  constructor(file: string, reason: string) {
    super(`journal ${file} has no space left (${reason}): free disk space; capacity is held until then`);
    this.name = "JournalFull";
    this.file = file;
  }
}
