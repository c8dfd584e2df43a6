import { open } from "node:fs/promises";
import { UserError } from "../model/user-error.ts";

/** Far above any honest configuration. */
const MAX_BYTES = 256 * 1024;

/** The text of the configuration file. Throws a `UserError` of one line when there is no such text. */
export async function readConfigText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  if (bytes.length > MAX_BYTES) throw new UserError(`${path}: is over 256 KiB (is this the configuration?)`);
  return decode(bytes, path);
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, "r");
    try {
      const stat = await file.stat();
      if (stat.isDirectory()) throw new UserError(`${path}: is a folder (name the file in it)`);
      const buffer = Buffer.alloc(MAX_BYTES + 1);
      let length = 0;
      for (let more = 1; more > 0 && length <= MAX_BYTES; length += more) {
        more = (await file.read(buffer, length, MAX_BYTES + 1 - length)).bytesRead;
      }
      return buffer.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof UserError ? error : new UserError(`${path}: ${whyUnreadable(error)}`);
  }
}

function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
      return "no such file (write one with `tiercast init`, or name it with --config or TIERCAST_CONFIG)";
    case "EACCES":
    case "EPERM":
      return "may not be read (give your user the right to read it)";
    case "EISDIR":
      return "is a folder (name the file in it)";
    default:
      return `cannot be read (${String(code ?? error)})`;
  }
}

function decode(bytes: Uint8Array, path: string): string {
  const text = new TextDecoder("utf-8").decode(bytes);
  const bad = isText(bytes) ? text.indexOf("\0") : text.search(/[\0\ufffd]/);
  if (bad < 0) return text;
  const before = text.slice(0, bad).split("\n");
  const place = `${before.length}:${(before.at(-1) ?? "").length + 1}`;
  throw new UserError(`${path}:${place}: is not UTF-8 text (save the file as UTF-8)`);
}

function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
