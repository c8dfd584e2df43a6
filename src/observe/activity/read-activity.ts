import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { ActivitySourceSettings } from "../../model/activity.ts";
import { inputError, unreadable } from "../input-error.ts";
import { followFile } from "./follow-file.ts";
import type { Ingest } from "./ingest.ts";
import { createLineParser } from "./line-parser.ts";
import { createLineSplitter, type LineSplitter } from "./line-splitter.ts";

/** Longer lines are left out and counted. */
export const MAX_LINE_BYTES = 64 * 1024;
const CHUNK_BYTES = 1 << 18;

export interface ReadActivityRequest {
  readonly source: ActivitySourceSettings;
  readonly ingest: Ingest;
  /** Ends the reading of a source that is followed, between two chunks. */
  readonly signal: AbortSignal;
  /** Standard input, when the source is `-`. */
  readonly input?: Readable;
  /**
   * Awaited after each chunk of at most 256 KiB: while it waits nothing is read, and the sender is held back.
   */
  readonly whenReady?: () => Promise<void>;
  /** What a followed file lost, e.g. when it was cut off before it was read. */
  onLost?(): void;
  /** How often a followed file is looked at. */
  readonly pollMs?: number;
}

/**
 * Reads a source to its end, or on and on when it is followed; plain or gzip, also several gzip files in one.
 * Memory is bounded: a chunk, a line, and what `ingest` holds. Throws a `UserError` for what cannot be read.
 */
export async function readActivity(request: ReadActivityRequest): Promise<void> {
  const { source, ingest } = request;
  const splitter = splitterOf(request);
  try {
    if (source.follow && source.path !== "-") await followFile({ ...request, path: source.path, splitter });
    else await readOnce(request, splitter);
  } catch (error) {
    throw unreadable(source.path, 1, error);
  } finally {
    splitter.end();
    ingest.flush();
  }
}

function splitterOf({ source, ingest }: ReadActivityRequest): LineSplitter {
  const parse = createLineParser(source.format, source.fields);
  return createLineSplitter({
    maxLineBytes: MAX_LINE_BYTES,
    onLine: (bytes, from, to) => ingest.takeLine(parse, bytes, from, to, false),
    onBad: (why) => ingest.reject(why),
  });
}

async function readOnce({ source, input, signal, whenReady }: ReadActivityRequest, splitter: LineSplitter) {
  const raw = source.path === "-" ? (input ?? Readable.from([])) : await openFile(source.path);
  for await (const chunk of await plainText(raw)) {
    splitter.take(chunk as Buffer);
    await whenReady?.();
    if (signal.aborted) return;
  }
}

async function openFile(path: string): Promise<Readable> {
  if ((await stat(path)).isDirectory())
    throw inputError(path, undefined, "is a folder", "name the file in it");
  return createReadStream(path, { highWaterMark: CHUNK_BYTES });
}

/** The stream, decompressed when its first bytes are gzip's. */
async function plainText(raw: Readable): Promise<AsyncIterable<unknown>> {
  const chunks = raw[Symbol.asyncIterator]();
  const first = await firstBytes(chunks);
  const all = again(first, chunks);
  if (first[0] !== 0x1f || first[1] !== 0x8b) return all;
  const text = createGunzip({ chunkSize: CHUNK_BYTES });
  const packed = Readable.from(all);
  packed.on("error", (error) => text.destroy(error));
  return packed.pipe(text);
}

async function firstBytes(chunks: AsyncIterator<unknown>): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  while (bytes.length < 2) {
    const { value, done } = await chunks.next();
    if (done === true) return bytes;
    bytes = Buffer.concat([bytes, value as Buffer]);
  }
  return bytes;
}

async function* again(first: Buffer, rest: AsyncIterator<unknown>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value as Buffer;
}
