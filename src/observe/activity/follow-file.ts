import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { LineSplitter } from "./line-splitter.ts";

export interface FollowRequest {
  readonly path: string;
  readonly splitter: LineSplitter;
  readonly signal: AbortSignal;
  readonly whenReady?: () => Promise<void>;
  onLost?(): void;
  readonly pollMs?: number;
}

const CHUNK_BYTES = 1 << 18;
const POLL_MS = 500;

interface Open {
  readonly file: FileHandle;
  readonly inode: number;
  offset: number;
}

/**
 * Reads a file as it grows, until `signal` aborts. Renamed and made anew, it is read to its end first; cut
 * off and written anew (copytruncate) it is read from the begin, and what was cut off unread is lost:
 * `onLost` is told. A file that is not there is waited for.
 */
export async function followFile(request: FollowRequest): Promise<void> {
  const { path, signal, pollMs = POLL_MS } = request;
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let current: Open | undefined;
  try {
    while (!signal.aborted) {
      current ??= await openIfThere(path);
      const wasRotated = current !== undefined && (await isAnother(path, current));
      if (current !== undefined) await readOn(request, current, buffer);
      if (wasRotated && !signal.aborted) {
        request.splitter.end();
        await current?.file.close();
        current = undefined;
      } else await pause(pollMs, signal);
    }
  } finally {
    await current?.file.close();
  }
}

async function openIfThere(path: string): Promise<Open | undefined> {
  try {
    const file = await open(path, "r");
    return { file, inode: (await file.stat()).ino, offset: 0 };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Whether the path names another file by now. One that is gone for the moment is still read. */
async function isAnother(path: string, current: Open): Promise<boolean> {
  const other = await openIfThere(path);
  if (other === undefined) return false;
  await other.file.close();
  return other.inode !== current.inode;
}

async function readOn(request: FollowRequest, current: Open, buffer: Buffer): Promise<void> {
  const { size } = await current.file.stat();
  if (size < current.offset) {
    current.offset = 0;
    request.splitter.end();
    request.onLost?.();
  }
  while (!request.signal.aborted) {
    const { bytesRead } = await current.file.read(buffer, 0, CHUNK_BYTES, current.offset);
    if (bytesRead === 0) return;
    current.offset += bytesRead;
    request.splitter.take(buffer.subarray(0, bytesRead));
    await request.whenReady?.();
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    // Aborted: the loop ends by itself.
  }
}
