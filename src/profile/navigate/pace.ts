/** How long people stay on a step before the next one: a histogram in logarithmic bins, 1 s to the session gap. */
export interface Pace {
  readonly counts: Float64Array;
}

const BINS = 32;
const FIRST_MS = 500;
/** Bin edges from 0.5 s to about an hour. */
const RATIO = (3_600_000 / FIRST_MS) ** (1 / (BINS - 1));

export function newPace(): Pace {
  return { counts: new Float64Array(BINS) };
}

export function addPause({ counts }: Pace, pauseMs: number, weight = 1): void {
  const bin = binOf(pauseMs);
  counts[bin] = (counts[bin] ?? 0) + weight;
}

/** Share of pauses that are longer than `ms`; within a bin it falls evenly. 1 when nothing is known. */
export function longerThan({ counts }: Pace, ms: number): number {
  const bin = binOf(ms);
  let above = 0;
  let total = 0;
  for (const [i, count] of counts.entries()) {
    total += count;
    if (i > bin) above += count;
  }
  if (total === 0) return 1;
  const [from, to] = [edge(bin), edge(bin + 1)];
  const inside = Math.min(1, Math.max(0, (to - ms) / (to - from)));
  return (above + inside * (counts[bin] ?? 0)) / total;
}

/** The pause that `share` of all do not exceed. */
export function pauseQuantile(pace: Pace, share: number): number {
  let [low, high] = [0, edge(BINS)];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (1 - longerThan(pace, middle) < share) low = middle;
    else high = middle;
  }
  return high;
}

function binOf(ms: number): number {
  if (ms < FIRST_MS) return 0;
  return Math.min(BINS - 1, 1 + Math.floor(Math.log(ms / FIRST_MS) / Math.log(RATIO)));
}

/** Lower edge of a bin. */
function edge(bin: number): number {
  return bin <= 0 ? 0 : FIRST_MS * RATIO ** (bin - 1);
}
