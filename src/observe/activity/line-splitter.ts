/** What splits a stream of bytes into lines, without a copy but for lines that two chunks share. */
export interface LineSplitter {
  take(chunk: Buffer): void;
  /** The last line, if it has no end. */
  end(): void;
}

export interface SplitRequest {
  readonly maxLineBytes: number;
  /** `[from, to)` of `bytes` is a line without its end. The bytes are reused: nothing may keep them. */
  onLine(bytes: Buffer, from: number, to: number): void;
  onBad(why: "too-long" | "binary"): void;
}

/** Lines end in LF or CRLF. One that is too long is left out whole; of it, nothing is kept in memory. */
export function createLineSplitter({ maxLineBytes, onLine, onBad }: SplitRequest): LineSplitter {
  const rest = Buffer.alloc(maxLineBytes + 1);
  let restBytes = 0;
  let isTooLong = false;
  let isFirst = true;
  const give = (bytes: Buffer, from: number, to: number): void => {
    const start =
      isFirst && bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf
        ? from + 3
        : from;
    isFirst = false;
    const end = to > start && bytes[to - 1] === 13 ? to - 1 : to;
    if (end - start > maxLineBytes) onBad("too-long");
    else onLine(bytes, start, end);
  };
  const checked = (bytes: Buffer, from: number, to: number, mayHoldNul: boolean): void => {
    if (mayHoldNul && holdsNul(bytes, from, to)) onBad("binary");
    else give(bytes, from, to);
  };
  const endRest = (chunk: Buffer, to: number): void => {
    if (isTooLong || restBytes + to > maxLineBytes + 1) onBad("too-long");
    else {
      chunk.copy(rest, restBytes, 0, to);
      checked(rest, 0, restBytes + to, true);
    }
    restBytes = 0;
    isTooLong = false;
  };
  return {
    take: (chunk) => {
      const mayHoldNul = chunk.includes(0);
      let from = 0;
      for (let to = chunk.indexOf(10); to >= 0; to = chunk.indexOf(10, from)) {
        if (restBytes > 0 || isTooLong) endRest(chunk, to);
        else checked(chunk, from, to, mayHoldNul);
        from = to + 1;
      }
      const left = chunk.length - from;
      if (left === 0) return;
      if (isTooLong || restBytes + left > maxLineBytes) {
        isTooLong = true;
        restBytes = 0;
      } else restBytes += chunk.copy(rest, restBytes, from);
    },
    end: () => {
      if (restBytes > 0 || isTooLong) endRest(Buffer.alloc(0), 0);
    },
  };
}

function holdsNul(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === 0) return true;
  return false;
}
