import { ensurePlatform } from "../../src/cli/ensure-platform.ts";
import { cacheFolder } from "../../src/config.ts";
import { runCycle } from "../../src/controller/cycle.ts";
import type { ControllerParts } from "../../src/controller/parts.ts";
import { loadState } from "../../src/controller/state.ts";
import { mayBeAlive } from "../../src/local/endpoint-file.ts";
import { stopSupervisor } from "../../src/local/stop-supervisor.ts";
import type { CycleRecord } from "../../src/model/cycle.ts";
import type { StackDriver } from "../../src/model/ports.ts";
import type { Settings } from "../../src/model/settings.ts";
import { UserError } from "../../src/model/user-error.ts";
import { type Wired, wire } from "../../src/wire.ts";
import { BENCH_STEP_MS, benchLog, benchSettings } from "./bench-settings.ts";
import { flatForecaster, madeDemand } from "./made-demand.ts";
import { steppedClock } from "./stepped-clock.ts";

/** Demand that needs few units and demand that needs more, requests/s. */
const LOW_RPS = 15;
const HIGH_RPS = 75;
const START_MS = Date.UTC(2026, 0, 5);
/** Cycles to wait for a change: the stabilisation window holds a shrink back for one. */
const MOST_CYCLES = 4;

/** A cycle that changed sizes, through real engine runs. */
export interface ChangedCycle {
  readonly record: CycleRecord;
  readonly wallMs: number;
  /** Wall time of each engine run, in order. */
  readonly engineMs: readonly number[];
}

/** The whole product on a real local platform; only demand and forecast are made up. */
export interface LiveStack {
  readonly wired: Wired;
  readonly settings: Settings;
  /** Demand jumps up or down, and a cycle follows it. Throws when sizes do not change or an update fails. */
  changingCycle(): Promise<ChangedCycle>;
  /** Destroys both stacks and stops the supervisor; throws when something of that fails. */
  close(): Promise<void>;
}

export async function openLiveStack(folder: string): Promise<LiveStack> {
  const settings = benchSettings(folder);
  const clock = steppedClock(START_MS);
  const wired = await wire({
    settings,
    environment: process.env,
    cacheFolder: cacheFolder(process.env),
    log: benchLog(),
    clock,
  });
  const engineMs: number[] = [];
  let demandRps = LOW_RPS;
  const parts: ControllerParts = {
    ...wired.parts,
    driver: timedDriver(wired.parts.driver, engineMs),
    demand: madeDemand(BENCH_STEP_MS, () => demandRps),
    forecaster: flatForecaster(72),
  };
  const signal = new AbortController().signal;
  const close = async (): Promise<void> => closeStacks(wired);
  try {
    if ((await wired.findEngineAgain()) === undefined) {
      throw new UserError("no Pulumi engine: run `tiercast engine install` first");
    }
    await ensurePlatform(wired, settings, signal);
    if (!mayBeAlive(wired.files.endpointFile)) throw new Error("the local platform did not come up");
  } catch (error) {
    await close();
    throw error;
  }
  const state = loadState(parts);
  const changingCycle = async (): Promise<ChangedCycle> => {
    demandRps = demandRps === LOW_RPS ? HIGH_RPS : LOW_RPS;
    for (let attempt = 0; attempt < MOST_CYCLES; attempt++) {
      clock.advance(BENCH_STEP_MS);
      engineMs.length = 0;
      const beganMs = performance.now();
      const record = await runCycle(parts, state, { signal });
      const wallMs = performance.now() - beganMs;
      if (record.apply?.kind === "applied") return { record, wallMs, engineMs: [...engineMs] };
      if (record.apply?.kind !== "no-change") break;
    }
    throw new Error(`a cycle was to change sizes: ${JSON.stringify(state.lastRecord?.apply)}`);
  };
  return { wired, settings, changingCycle, close };
}

function timedDriver(driver: StackDriver, engineMs: number[]): StackDriver {
  const timed = async <Result>(run: Promise<Result>): Promise<Result> => {
    const beganMs = performance.now();
    const result = await run;
    engineMs.push(performance.now() - beganMs);
    return result;
  };
  return {
    ...driver,
    preview: (inputs, signal) => timed(driver.preview(inputs, signal)),
    update: (inputs, signal) => timed(driver.update(inputs, signal)),
    recover: (inputs, signal) => timed(driver.recover(inputs, signal)),
  };
}

async function closeStacks({ parts, files, close }: Wired): Promise<void> {
  try {
    for (const destroy of [parts.driver.destroy, parts.driver.destroyBase]) {
      const result = await destroy();
      if (result.kind !== "destroyed" && result.kind !== "engine-missing") {
        throw new Error(`a stack was not destroyed: ${JSON.stringify(result)}`);
      }
    }
  } finally {
    await stopSupervisor(files.endpointFile);
    await close();
  }
}
