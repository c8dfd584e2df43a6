import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { inputError, unreadable } from "./input-error.ts";

const CHUNK_BYTES = 1 << 18;

export interface LineReaderRequest {
  readonly path: string;
  /** Longer lines go to `onLongLine`. */
  readonly maxLineBytes: number;
  /** A line without its end, as UTF-8 text when it is one; `number` counts from 1. */
  onLine(line: string, number: number): void;
  /** Throws, or skips the line by returning. */
  onLongLine(number: number): void;
}

/**
 * Reads a text file line by line, plain or gzip (told by its first bytes), in bounded memory. Returns the number
 * of lines. Throws a `UserError` of one line for what is no readable text: missing, folder, binary, cut off.
 */
export async function readLines(request: LineReaderRequest): Promise<number> {
  const state: LineState = { request, line: 1, rest: [], restBytes: 0, tooLong: false };
  const { path } = request;
  try {
    for await (const chunk of await openText(path)) takeChunk(state, chunk as Buffer);
    if (state.restBytes > 0 || state.tooLong) endLine(state, Buffer.alloc(0));
  } catch (error) {
    throw unreadable(path, state.line, error);
  }
  return state.line - 1;
}

interface LineState {
  readonly request: LineReaderRequest;
  line: number;
  /** Pieces of a line whose end has not come yet. */
  rest: Buffer[];
  restBytes: number;
  tooLong: boolean;
}

async function openText(path: string): Promise<Readable> {
  const file = await open(path, "r");
  const magic = Buffer.alloc(2);
  let length = 0;
  try {
    if ((await file.stat()).isDirectory())
      throw inputError(path, undefined, "is a folder", "name the file in it");
    length = (await file.read(magic, 0, 2, 0)).bytesRead;
  } finally {
    await file.close();
  }
  const raw = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  if (length < 2 || magic[0] !== 0x1f || magic[1] !== 0x8b) return raw;
  const text = createGunzip({ chunkSize: CHUNK_BYTES });
  raw.on("error", (error) => text.destroy(error));
  return raw.pipe(text);
}

function takeChunk(state: LineState, chunk: Buffer): void {
  let from = 0;
  const firstNul = chunk.indexOf(0);
  for (let to = chunk.indexOf(10); to >= 0; to = chunk.indexOf(10, from)) {
    if (firstNul >= from && firstNul < to) throw binaryFile(state);
    endLine(state, chunk.subarray(from, to));
    from = to + 1;
  }
  if (firstNul >= from) throw binaryFile(state);
  keepRest(state, chunk.subarray(from));
}

function endLine(state: LineState, piece: Buffer): void {
  const number = state.line++;
  const { request } = state;
  const bytes = state.restBytes + piece.length;
  if (state.tooLong || bytes > request.maxLineBytes) request.onLongLine(number);
  else request.onLine(lineText(state, piece, number), number);
  state.rest = [];
  state.restBytes = 0;
  state.tooLong = false;
}

function lineText(state: LineState, piece: Buffer, number: number): string {
  const bytes = state.restBytes === 0 ? piece : Buffer.concat([...state.rest, piece]);
  const end = bytes.length > 0 && bytes[bytes.length - 1] === 13 ? bytes.length - 1 : bytes.length;
  const text = bytes.toString("utf8", 0, end);
  return number === 1 && text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** Keeps the begin of a line; of a line that is too long nothing more is kept. */
function keepRest(state: LineState, piece: Buffer): void {
  if (piece.length === 0 || state.tooLong) return;
  state.restBytes += piece.length;
  if (state.restBytes > state.request.maxLineBytes) {
    state.tooLong = true;
    state.rest = [];
    state.restBytes = 0;
  } else state.rest.push(Buffer.from(piece));
}

function binaryFile(state: LineState): Error {
  return inputError(state.request.path, state.line, "is binary, not text", "give a text file, plain or gzip");
}
