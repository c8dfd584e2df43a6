import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes `text` so that a reader, or a crash, sees the whole old file or the whole new one. Mode 0600. */
export async function writeDurably(file: string, text: string): Promise<void> {
  const part = `${file}.${randomBytes(6).toString("hex")}.part`;
  try {
    const target = await open(part, "wx", 0o600);
    try {
      await target.writeFile(text);
      await target.sync();
    } finally {
      await target.close();
    }
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  const folder = await open(dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
