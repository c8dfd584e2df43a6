import { setTimeout as delay } from "node:timers/promises";
import type { DemoRequest } from "../cli/context.ts";
import { serveDaemon } from "../cli/serve-daemon.ts";
import { scaledClock, stoppedClock } from "../clock.ts";
import { runCycle } from "../controller/cycle.ts";
import { watchLeadTime } from "../controller/lead-time-watch.ts";
import { loadState } from "../controller/state.ts";
import { startHttp } from "../http/server.ts";
import { startLoad } from "../local/start-load.ts";
import { stopSupervisor } from "../local/stop-supervisor.ts";
import type { CycleRecord } from "../model/cycle.ts";
import type { EngineFailure } from "../model/ports.ts";
import { UserError } from "../model/user-error.ts";
import { baseInputs } from "../render/base-inputs.ts";
import { checkMachine } from "./check-machine.ts";
import { createMeter } from "./meter.ts";
import { openStage, type Stage } from "./open-stage.ts";
import { getEngine } from "./rehearse.ts";
import { replay } from "./replay.ts";
import { printSummary } from "./summary.ts";

const DESTROY_TRIES = 2;

/** A replay lasts at least this long, however short `--for` is: one cycle fits. */
const LEAST_REPLAY_MS = 8_000;

/** Longest wait for the first units. */
const OPENING_WALL_MS = 20_000;

/**
 * The main job: a real trace replayed as real requests against worker processes on this machine, the daemon on it,
 * and in the end the account against a reactive rule. Returns the exit code.
 */
export async function runDemo(request: DemoRequest): Promise<number> {
  const stage = await openStage(request);
  try {
    await checkMachine(stage);
    const ready = await getEngine(stage);
    if (!ready) return 8;
    stage.endAtMs = performance.now() + request.forMs;
    await bringUp(stage);
    await runReplay(stage);
    printSummary(stage);
    return 0;
  } finally {
    await strike(stage);
  }
}

/** The base stack brings supervisor and router up; the first fit runs at the same time. */
async function bringUp(stage: Stage): Promise<void> {
  const { wired, request, scene, trace } = stage;
  const { parts, files } = wired;
  scene.phase = "starting the service: base stack, supervisor, router; learning from history";
  stage.draw();
  const learned = parts.forecaster
    .forecast(parts.settings.service, stage.learnable(trace.startMs))
    .catch(() => null);
  const { endpointFile, supervisorLog: logFile } = files;
  const base = await parts.driver.updateBase(
    baseInputs(parts.settings, { endpointFile, logFile }),
    request.signal,
  );
  if (base.kind !== "updated") throw new UserError(`the base stack did not come up: ${failureText(base)}`, 1);
  const routerUrl = base.outputs["routerUrl"];
  if (typeof routerUrl !== "string") throw new UserError("the base stack says no address of the router", 1);
  stage.routerUrl = routerUrl;
  await learned;
}

/** The first sizes are there before the first request: the replay enters a service that runs. */
async function openReplay(stage: Stage): Promise<void> {
  const { request, scene, trace, speed } = stage;
  scene.phase = "first decision and update, before requests flow";
  stage.draw();
  const clock = stoppedClock(trace.startMs, speed);
  const parts = await stage.startClock(clock);
  scene.parts = parts;
  const record = await runCycle(parts, loadState(parts), { signal: request.signal });
  noteCycle(stage, record, undefined);
  if (record.decision === null || record.apply?.kind !== "applied") return;
  await watchLeadTime(
    { ...parts, journal: { ...parts.journal, appendLeadTime: () => undefined } },
    {
      cycle: record.cycle,
      decidedMonotonicMs: clock.monotonicMs(),
      sizes: record.decision.after,
      limitMs: Number.POSITIVE_INFINITY,
    },
    AbortSignal.any([request.signal, AbortSignal.timeout(OPENING_WALL_MS)]),
  );
}

async function runReplay(stage: Stage): Promise<void> {
  const { wired, request, scene, trace, speed } = stage;
  const stop = new AbortController();
  await openReplay(stage);
  const load = await startLoad({ routerUrl: stage.routerUrl, onSecond: () => undefined });
  const clock = scaledClock({ originMs: trace.startMs, speed });
  const parts = await stage.startClock(clock);
  const meter = createMeter(parts.platform, clock, parts.settings, parts.wallMs);
  scene.meter = meter;
  scene.parts = parts;
  scene.phase = "";
  void load.ended.then(() => {
    if (stop.signal.aborted) return;
    scene.phase = "the load generator ended: no more requests are sent";
    stage.say(scene.phase);
  });
  // Timers take whole milliseconds.
  const leftMs = Math.ceil(Math.max(LEAST_REPLAY_MS, stage.endAtMs - performance.now()));
  const endAtMs = performance.now() + leftMs;
  const background = [
    replay({ clock, load, wallMs: parts.wallMs }, trace, stop.signal),
    meter.run(stop.signal),
    redraw(stage, endAtMs, stop.signal),
  ];
  const signal = AbortSignal.any([request.signal, stop.signal, AbortSignal.timeout(leftMs)]);
  try {
    await serveDaemon({
      wired: { ...wired, parts },
      signal,
      serveHttp: startHttp,
      onCycle: (record, state) => noteCycle(stage, record, state.forecast?.forecast),
    });
  } finally {
    stage.endedMs = clock.nowMs();
    stop.abort();
    scene.phase = "ending: destroying the stacks, stopping the service";
    stage.draw();
    await Promise.allSettled(background);
    await load.stop(2_000);
  }
  wired.parts.log.info("verify", "replay ended");
}

function noteCycle(stage: Stage, record: CycleRecord, forecast: Stage["scene"]["forecast"]): void {
  const { scene } = stage;
  scene.record = record;
  scene.forecast = forecast;
  if (record.apply?.kind === "applied") {
    scene.lastApplied = record;
    scene.engine = { runs: scene.engine.runs + 2, totalMs: scene.engine.totalMs + record.apply.engineMs };
  }
  stage.records.push(record);
  stage.drawCycle();
}

async function redraw(stage: Stage, endAtMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    stage.scene.remainingWallMs = Math.max(0, endAtMs - performance.now());
    stage.compare();
    stage.draw();
    await delay(500, undefined, { signal }).catch(() => undefined);
  }
}

/** Whatever happened: stacks destroyed, processes gone, terminal given back. */
async function strike(stage: Stage): Promise<void> {
  const { wired, request, files } = stage;
  const { driver } = wired.parts;
  try {
    if (request.keep && stage.routerUrl !== "") {
      stage.close();
      process.stdout.write(`${stage.keptText()}\n`);
      return;
    }
    if (stage.routerUrl !== "") process.stderr.write("destroying the stacks, stopping the service\n");
    const failures: string[] = [];
    for (const destroy of [driver.destroy, driver.destroyBase]) {
      const failure = stage.routerUrl === "" ? undefined : await tryTwice(destroy);
      if (failure !== undefined) failures.push(failureText(failure));
    }
    await stopSupervisor(files.endpointFile);
    stage.close();
    for (const text of failures) process.stderr.write(`tiercast: a stack could not be destroyed: ${text}\n`);
  } finally {
    stage.close();
    await stage.background;
    await stage.release();
  }
}

async function tryTwice(
  destroy: () => Promise<{ readonly kind: "destroyed" } | EngineFailure>,
): Promise<EngineFailure | undefined> {
  let last: EngineFailure | undefined;
  for (let attempt = 0; attempt < DESTROY_TRIES; attempt++) {
    const result = await destroy();
    if (result.kind === "destroyed") return undefined;
    last = result;
  }
  return last;
}

function failureText(failure: EngineFailure): string {
  switch (failure.kind) {
    case "policy-violation":
      return failure.violations.join("; ");
    case "locked":
      return `locked by ${failure.by}`;
    case "engine-missing":
    case "no-policy-evidence":
    case "stale-plan":
    case "interrupted":
    case "timeout":
    case "failed":
      return failure.reason;
  }
}
