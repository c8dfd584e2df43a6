import type { LoadRun } from "../local/start-load.ts";
import type { Clock } from "../model/ports.ts";
import { MINUTE_MS } from "../model/time.ts";
import type { ReplayTrace } from "./replay-trace.ts";

const LOOK_AHEAD_WALL_MS = 1_500;
const TICK_MS = 250;

/**
 * Sends the trace as requests, minute by minute of trace time, until `signal` aborts or the trace ends. A minute is
 * `60 s / speed` of wall time; its requests are spread over it at random.
 */
export async function replay(
  parts: { readonly clock: Clock; readonly load: LoadRun; readonly wallMs: () => number },
  trace: ReplayTrace,
  signal: AbortSignal,
): Promise<void> {
  const { clock, load, wallMs } = parts;
  let nextMs = Math.ceil(clock.nowMs() / MINUTE_MS) * MINUTE_MS;
  while (!signal.aborted && nextMs < trace.endMs) {
    const horizonMs = clock.nowMs() + LOOK_AHEAD_WALL_MS * clock.speed;
    while (nextMs < horizonMs && nextMs < trace.endMs) {
      const startWallMs = wallMs() + (nextMs - clock.nowMs()) / clock.speed;
      const counts = trace.minute(nextMs);
      if (Object.keys(counts).length > 0)
        load.schedule({ startWallMs, durationMs: MINUTE_MS / clock.speed, counts });
      nextMs += MINUTE_MS;
    }
    await clock.sleep(TICK_MS * clock.speed, signal);
  }
}
