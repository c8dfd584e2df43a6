import { runCycle } from "../controller/cycle.ts";
import { recoverAtStart } from "../controller/recover.ts";
import { loadState } from "../controller/state.ts";
import { STAGES } from "../model/cycle.ts";
import { paintWith, wantsColour } from "./colour.ts";
import type { CommandCall } from "./command-spec.ts";
import { cycleLines } from "./cycle-text.ts";
import { ensurePlatform } from "./ensure-platform.ts";
import { keepStatus, statusOf } from "./keep-status.ts";
import { flagOption, textOption, wantsJson } from "./options.ts";
import { outcomeCode } from "./outcome-line.ts";
import { print, printJson } from "./output.ts";
import { withWired } from "./wired.ts";

/** One cycle, as the daemon runs it, under the same lease. */
export async function runOnce(call: CommandCall): Promise<number> {
  const asked = textOption(call, "stopAfter");
  const stopAfter = STAGES.find((stage) => stage === asked);
  const { signal } = call.context;
  return withWired(call, { lease: "take", needsDemand: true }, async (wired, { settings, environment }) => {
    const { parts } = wired;
    const stageIndex = stopAfter === undefined ? STAGES.length : STAGES.indexOf(stopAfter);
    if (stageIndex >= STAGES.indexOf("apply")) await ensurePlatform(wired, settings, signal);
    await wired.findEngineAgain();
    const state = loadState(parts);
    const recovered = await recoverAtStart(parts, signal);
    if (recovered.kind !== "clean" && recovered.kind !== "recovered") state.needsRecovery = true;
    const record = await runCycle(parts, state, {
      signal,
      ...(stopAfter === undefined ? {} : { stopAfter }),
    });
    const shown = { eventLoopDelayP99Ms: 0, residentBytes: process.memoryUsage.rss() };
    keepStatus(
      wired,
      statusOf(wired, state, { startedMs: record.startedMs, nextCycleMs: null, process: shown }),
    );
    if (wantsJson(call)) printJson("Cycle", { record });
    else {
      const paint = paintWith(wantsColour(call, environment, process.stdout));
      print(cycleLines(record, settings.demand.timeZone, paint).join("\n"));
    }
    return outcomeCode(record, flagOption(call, "requireEngine"));
  });
}
