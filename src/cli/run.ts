import { processEnvironment } from "../config.ts";
import type { ControllerState } from "../controller/state.ts";
import type { CycleRecord } from "../model/cycle.ts";
import { wantsColour } from "./colour.ts";
import type { CommandCall } from "./command-spec.ts";
import type { WiredParts } from "./context.ts";
import { ensurePlatform } from "./ensure-platform.ts";
import { EXIT } from "./exit-codes.ts";
import type { OpenedSettings } from "./open-settings.ts";
import { flagOption, wantsJson } from "./options.ts";
import { print } from "./output.ts";
import { createRunView } from "./run-view.ts";
import { serveDaemon } from "./serve-daemon.ts";
import { canDraw, openLiveScreen, wantsAscii } from "./view/live-screen.ts";
import { plainLine } from "./view/plain-line.ts";
import { withWired } from "./wired.ts";

const REDRAW_MS = 1_000;

/** The daemon, in the foreground, until a signal ends it. */
export async function runRun(call: CommandCall): Promise<number> {
  const asked = !flagOption(call, "plain") && !wantsJson(call);
  const live = asked && canDraw(process.stdout, processEnvironment());
  // Log lines would run through the live view, unless they go elsewhere.
  const logLevel = live && process.stderr.isTTY ? "silent" : "info";
  return withWired(call, { lease: "take", logLevel, needsDemand: true }, async (wired, opened) => {
    const { signal } = call.context;
    await wired.findEngineAgain();
    const surface = live ? liveSurface(call, wired, opened) : lineSurface(call, wired);
    try {
      surface.phase("bringing up the platform");
      await ensurePlatform(wired, opened.settings, signal);
      surface.phase("first cycle");
      await serveDaemon({
        wired,
        signal,
        serveHttp: call.context.serveHttp,
        onReady: (url) => wired.parts.log.info("apply", `daemon started, serving on ${url}`),
        onCycle: surface.cycle,
      });
    } finally {
      surface.close();
    }
    return EXIT.done;
  });
}

interface Surface {
  phase(text: string): void;
  cycle(record: CycleRecord, state: ControllerState): Promise<void>;
  close(): void;
}

function liveSurface(call: CommandCall, wired: WiredParts, { environment }: OpenedSettings): Surface {
  const view = createRunView(wired.parts);
  const colour = wantsColour(call, environment, process.stdout);
  const screen = openLiveScreen(process.stdout, { colour, ascii: wantsAscii(environment) });
  let phase = "";
  const draw = (): void => screen.draw(view.state(phase));
  const timer = setInterval(draw, REDRAW_MS);
  return {
    phase: (text) => {
      phase = text;
      draw();
    },
    cycle: async (record) => {
      phase = "";
      await view.add(record);
      draw();
    },
    close: () => {
      clearInterval(timer);
      screen.close();
    },
  };
}

/** A line per cycle; with `-o json` the cycle's record as one line of JSON. */
function lineSurface(call: CommandCall, wired: WiredParts): Surface {
  const view = createRunView(wired.parts);
  return {
    phase: () => undefined,
    cycle: async (record) => {
      await view.add(record);
      const line = wantsJson(call)
        ? JSON.stringify({ apiVersion: "tiercast/v1", kind: "Cycle", record })
        : plainLine(view.state(""));
      print(line);
    },
    close: () => undefined,
  };
}
