import type { ForecastJob } from "../../src/forecast/engine/forecast-job.ts";
import { runJob as realJob } from "../../src/forecast/engine/forecast-worker.ts";

/** A worker whose Prophet takes it down with it, as a trap in WebAssembly memory can. */
export function runJob(job: ForecastJob): unknown {
  if (job.members.includes("prophet") && job.without?.["prophet"] === undefined) process.exit(7);
  return realJob(job);
}
