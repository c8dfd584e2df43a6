/*
 * A unit: a worker process that serves requests which mostly wait. Arguments: milliseconds until it may call
 * itself ready. Speaks over the IPC channel to its supervisor and ends when that breaks, however it breaks.
 * No imports: thirty of these start on a small machine, each at 12 ms of CPU and 18 MB.
 */

/** To the supervisor: `"ready"` once, then `[request, body]` per answer. From it: `[request, waitMs, path]`. */
type Ask = readonly [request: number, waitMs: number, path: string];

const startedMs = performance.now();
const readyAfterMs = Number(process.argv[2] ?? 0);
const table = buildTable();

process.on("disconnect", () => process.exit(0));
// The channel can break while this file is still being loaded: then nothing would say so any more.
if (!process.connected) process.exit(0);
process.on("message", (ask: Ask) => {
  const [request, waitMs, path] = ask;
  const body = answer(path);
  setTimeout(() => say([request, body]), waitMs);
});
setTimeout(() => say("ready"), Math.max(0, readyAfterMs - (performance.now() - startedMs)));

/** A send can race with the end of the supervisor; `disconnect` follows and ends this process. */
function say(message: string | readonly [number, string]): void {
  process.send?.(message, undefined, undefined, () => undefined);
}

/** Initialisation that costs something, as real workers have: a checksum table. */
function buildTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
  });
}

/** CRC-32 of the path: real work of a few microseconds, and an answer that tests can check. */
function answer(path: string): string {
  let crc = 0xffffffff;
  for (let index = 0; index < path.length; index++) {
    crc = (crc >>> 8) ^ (table[(crc ^ path.charCodeAt(index)) & 0xff] ?? 0);
  }
  return ((crc ^ 0xffffffff) >>> 0).toString(16);
}
