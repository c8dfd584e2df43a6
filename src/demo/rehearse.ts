import { setTimeout as delay } from "node:timers/promises";
import { type EngineProgress, installEngine } from "../apply/engine.ts";
import { scaledClock } from "../clock.ts";
import { cacheFolder } from "../config.ts";
import type { ControllerParts } from "../controller/parts.ts";
import { makePlan } from "../controller/plan.ts";
import type { DemandSource } from "../model/ports.ts";
import { HOUR_MS, SECOND_MS, shortDuration } from "../model/time.ts";
import type { Stage } from "./open-stage.ts";

/** Trace time that the plans shown during a build start before the replay. */
const REHEARSED_MS = 12 * HOUR_MS;
const PLAN_EVERY_WALL_MS = 4_000;
const SAY_EVERY_WALL_MS = 10_000;

/**
 * Sees to it that there is an engine. While one is being built, plans are made on the trace's past and shown, so
 * that nobody stares at a blank screen. False when the user stopped it.
 */
export async function getEngine(stage: Stage): Promise<boolean> {
  const { wired, request, scene } = stage;
  stage.draw();
  if ((await wired.findEngineAgain()) !== undefined) return true;
  const stop = new AbortController();
  const rehearsal = rehearse(stage, AbortSignal.any([request.signal, stop.signal]));
  try {
    await install(stage);
  } catch (error) {
    if (request.signal.aborted) return false;
    throw error;
  } finally {
    stop.abort();
    await rehearsal;
    scene.record = undefined;
    scene.forecast = undefined;
  }
  return (await wired.findEngineAgain()) !== undefined;
}

/** Resolves once stacks can be run; what else is installed goes on behind. */
async function install(stage: Stage): Promise<void> {
  const { request, scene } = stage;
  const usable = Promise.withResolvers<void>();
  let saidAtMs = Number.NEGATIVE_INFINITY;
  const onProgress = (progress: EngineProgress): void => {
    if (progress.kind === "line") return;
    scene.phase = progressText(progress);
    if (performance.now() - saidAtMs < SAY_EVERY_WALL_MS) return;
    saidAtMs = performance.now();
    stage.say(scene.phase);
  };
  const installed = installEngine({
    cacheFolder: cacheFolder(request.environment),
    pathVariable: request.environment["PATH"] ?? "",
    environment: request.environment,
    onProgress,
    onUsable: () => usable.resolve(),
    signal: request.signal,
  });
  stage.background = installed.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([usable.promise, installed]);
}

function progressText({ text, fraction, etaMs }: EngineProgress): string {
  const share = fraction === undefined ? "" : ` ${Math.floor(fraction * 100)} %`;
  const left =
    etaMs === undefined ? "" : ` (about ${shortDuration(Math.ceil(etaMs / SECOND_MS) * SECOND_MS)} left)`;
  return `${text}${share}${left}`;
}

/** Plans on the hours before the replay, in trace time; nothing is applied, and each says so. */
async function rehearse(stage: Stage, signal: AbortSignal): Promise<void> {
  const { wired, scene, trace, speed } = stage;
  const clock = scaledClock({ originMs: trace.startMs - REHEARSED_MS, speed });
  const demand: DemandSource = {
    name: trace.name,
    read: async (nowMs) => stage.learnable(Math.floor(nowMs / trace.series.stepMs) * trace.series.stepMs),
    close: async () => undefined,
  };
  const parts: ControllerParts = { ...wired.parts, clock, demand };
  scene.parts = parts;
  while (!signal.aborted) {
    try {
      const plan = await makePlan(parts, signal);
      if (signal.aborted) return;
      scene.record = {
        ...plan.record,
        apply: { kind: "engine-missing", reason: "the engine is being built" },
      };
      stage.drawCycle();
    } catch (error) {
      wired.parts.log.warn("forecast", error instanceof Error ? error.message : String(error));
    }
    for (let waited = 0; waited < PLAN_EVERY_WALL_MS && !signal.aborted; waited += 500) {
      stage.draw();
      await delay(500, undefined, { signal }).catch(() => undefined);
    }
  }
}
