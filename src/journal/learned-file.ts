import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What the forecast learned about one series, kept over restarts. A cache: without it learning starts again. */
export interface LearnedFile {
  readonly file: string;
  /** The bytes last kept; undefined when there are none that can be read. */
  read(): Uint8Array | undefined;
  /** Keeps `bytes`, all or nothing. Throws the system's error; what was kept before is then still there. */
  write(bytes: Uint8Array): void;
}

export function learnedFile(stateFolder: string, key: string): LearnedFile {
  const folder = join(stateFolder, "learned");
  const file = join(folder, `${encodeURIComponent(key)}.bin`);
  return {
    file,
    read: () => {
      try {
        return readFileSync(file);
      } catch {
        return undefined;
      }
    },
    write: (bytes) => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const draft = `${file}.new`;
      try {
        writeFileSync(draft, bytes, { mode: 0o600 });
        renameSync(draft, file);
      } catch (error) {
        rmSync(draft, { force: true });
        throw error;
      }
    },
  };
}
