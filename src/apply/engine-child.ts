/**
 * Entry of an engine run's child process: takes one job from the parent, runs it, answers once, ends.
 * When the parent dies it interrupts pulumi and ends the whole group, so that nothing outlives the daemon unseen.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { EngineJob, EngineResult } from "./engine-job.ts";
import { runJob } from "./engine-run.ts";
import { killMembers } from "./process-group.ts";
import { failureOf } from "./pulumi-errors.ts";
import { interruptPulumi } from "./run-engine.ts";

const ORPHAN_GRACE_MS = 15_000;

process.on("SIGINT", () => undefined);
process.once("message", (job: EngineJob) => {
  process.once("disconnect", () => void endOrphan(job));
  void answer(job);
});

async function answer(job: EngineJob): Promise<void> {
  let result: EngineResult;
  try {
    result = await runJob(job);
  } catch (error) {
    result = failureOf(error);
  }
  process.send?.({ result }, () => {
    process.removeAllListeners("disconnect");
    process.exit(0);
  });
}

async function endOrphan(job: EngineJob): Promise<void> {
  await interruptPulumi(job.runFolder);
  await delay(ORPHAN_GRACE_MS);
  await killMembers(process.pid, () => true);
  process.kill(-process.pid, "SIGKILL");
}
