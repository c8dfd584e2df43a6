import { parseDurationSetting, processEnvironment } from "../config.ts";
import { wantsColour } from "./colour.ts";
import type { CommandCall } from "./command-spec.ts";
import { openLog } from "./open-log.ts";
import { flagOption, numberOption, textOption } from "./options.ts";
import { canDraw } from "./view/live-screen.ts";

export async function runDemoCommand(call: CommandCall): Promise<number> {
  const environment = processEnvironment();
  const plain = flagOption(call, "plain") || !canDraw(process.stdout, environment);
  return call.context.runDemo({
    environment,
    signal: call.context.signal,
    log: openLog(call, plain ? "warn" : "silent"),
    forMs: parseDurationSetting(textOption(call, "for") ?? "3m", "--for"),
    traceFile: textOption(call, "trace"),
    speed: numberOption(call, "speed"),
    plain,
    keep: flagOption(call, "keep"),
    colour: wantsColour(call, environment, process.stdout),
  });
}
