import { constants } from "node:fs";
import { access, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UserError } from "../model/user-error.ts";
import { EXIT } from "./exit-codes.ts";

const LINES_PER_BLOCK = 2_000;

/**
 * Writes `lines` to `file`, all of them or none: into a file beside it that takes its name at the end. A device or a
 * pipe is written as it is. `name` is the flag, for the one line of a `UserError`.
 */
export async function writeWhole(
  file: string,
  lines: Iterable<string>,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): Promise<void> {
  const target = await realpath(file).catch(() => file);
  const existing = await stat(target).catch(() => undefined);
  const isPlain = existing === undefined || existing.isFile();
  const written = isPlain ? join(dirname(target), `.${basename(target)}.${process.pid}.part`) : target;
  try {
    const opened = await open(written, "w");
    await pipeline(Readable.from(blocks(lines)), opened.createWriteStream(), { signal });
    if (isPlain) await rename(written, target);
  } catch (error) {
    if (isPlain) await rm(written, { force: true }).catch(() => undefined);
    throw signal.aborted ? error : unwritable(file, name, error);
  }
}

/** Says before hours of work that a file could not be written after them. */
export async function checkWritable(file: string, name: string): Promise<void> {
  const existing = await stat(file).catch(() => undefined);
  if (existing?.isDirectory()) throw new UserError(`${name} ${file}: is a folder (name a file in it)`);
  try {
    await access(existing === undefined ? dirname(file) : file, constants.W_OK);
  } catch (error) {
    throw unwritable(file, name, error);
  }
}

function unwritable(file: string, name: string, error: unknown): UserError {
  const { code = String(error) } = error as NodeJS.ErrnoException;
  return new UserError(`${name} ${file}: cannot be written (${code})`, EXIT.error);
}

/** A write per line would take minutes for the millions of lines of a long backtest. */
function* blocks(lines: Iterable<string>): Generator<string> {
  let held: string[] = [];
  for (const line of lines) {
    held.push(line);
    if (held.length < LINES_PER_BLOCK) continue;
    yield `${held.join("\n")}\n`;
    held = [];
  }
  if (held.length > 0) yield `${held.join("\n")}\n`;
}
