export interface Timed {
  readonly atMs: number;
}

export type Arrival = "in-order" | "reordered" | "late" | "held";

export interface ReorderRequest<T extends Timed> {
  /** What comes out of order by no more than this is put in order. */
  readonly windowMs: number;
  /** At most so many wait; then the oldest go out early. */
  readonly capacity: number;
  emit(event: T): void;
  /** One that lay far ahead of all others and was not borne out: its clock was wrong. */
  onStray(event: T): void;
}

export interface Reorder<T extends Timed> {
  add(event: T): Arrival;
  /** Gives out all that wait. */
  flush(): void;
  /** Events that left early, as the window was full. */
  hurried(): number;
}

const BUCKET_MS = 1000;
/** A stamp further ahead than this is held back until a second one like it comes. */
const JUMP_MS = 3_600_000;

/**
 * Puts events in time order: those of a second wait until one of `windowMs` later has come. A single stamp
 * far in the future would end the wait of all others and make what follows late; it is held until the next
 * event bears it out.
 */
export function createReorder<T extends Timed>(request: ReorderRequest<T>): Reorder<T> {
  const { windowMs, capacity, emit } = request;
  const span = Math.ceil(windowMs / BUCKET_MS) + 1;
  const buckets: T[][] = Array.from({ length: span }, () => []);
  let newest = Number.NEGATIVE_INFINITY;
  let oldest = 0;
  let waiting = 0;
  let hurried = 0;
  let held: T | undefined;

  const giveOut = (second: number): number => {
    const index = ((second % span) + span) % span;
    const bucket = buckets[index] as T[];
    if (bucket.length === 0) return 0;
    buckets[index] = [];
    bucket.sort((a, b) => a.atMs - b.atMs);
    for (const event of bucket) emit(event);
    waiting -= bucket.length;
    return bucket.length;
  };
  const giveOutTo = (second: number): void => {
    while (oldest < second && waiting > 0) giveOut(oldest++);
    oldest = Math.max(oldest, second);
  };
  const place = (event: T, second: number): Arrival => {
    if (newest === Number.NEGATIVE_INFINITY) oldest = second - span + 1;
    if (second < oldest) return "late";
    const isBehind = second < newest;
    if (second > newest) {
      newest = second;
      giveOutTo(second - span + 1);
    }
    buckets[((second % span) + span) % span]?.push(event);
    waiting++;
    while (waiting > capacity) hurried += giveOut(oldest++);
    return isBehind ? "reordered" : "in-order";
  };
  const releaseHeld = (isBorneOut: boolean): void => {
    const event = held;
    held = undefined;
    if (event === undefined) return;
    if (isBorneOut) place(event, Math.floor(event.atMs / BUCKET_MS));
    else request.onStray(event);
  };
  return {
    add: (event) => {
      const second = Math.floor(event.atMs / BUCKET_MS);
      if (newest !== Number.NEGATIVE_INFINITY && event.atMs > newest * BUCKET_MS + JUMP_MS) {
        const isBorneOut = held !== undefined && Math.abs(event.atMs - held.atMs) < JUMP_MS;
        releaseHeld(isBorneOut);
        if (isBorneOut) return place(event, second);
        held = event;
        return "held";
      }
      releaseHeld(false);
      return place(event, second);
    },
    flush: () => {
      releaseHeld(true);
      giveOutTo(newest + 1);
    },
    hurried: () => hurried,
  };
}
