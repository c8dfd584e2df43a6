import { monitorEventLoopDelay } from "node:perf_hooks";
import type { DaemonStatus } from "./model/status.ts";

/** Measures this process; `read` tells the event-loop delay since the last `read`. */
export interface ProcessWatch {
  read(): DaemonStatus["process"];
  close(): void;
}

const RESOLUTION_MS = 10;

export function watchProcess(): ProcessWatch {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  return {
    read: () => {
      // The histogram measures a timer of 10 ms, so an idle loop reads 10: only what is above is delay.
      const p99Ms = delay.count === 0 ? 0 : delay.percentile(99) / 1e6 - RESOLUTION_MS;
      delay.reset();
      return { eventLoopDelayP99Ms: Math.max(0, p99Ms), residentBytes: process.memoryUsage.rss() };
    },
    close: () => {
      delay.disable();
    },
  };
}
