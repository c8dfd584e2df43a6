import { existsSync } from "node:fs";
import { join } from "node:path";
import { wallClock } from "../clock.ts";
import { processEnvironment } from "../config.ts";
import { JOURNAL_FILE } from "../journal/open-store.ts";
import type { Settings } from "../model/settings.ts";
import { durationMs, epochMs } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { createFileSource } from "../observe/file-source.ts";
import { readPrometheusHistory } from "../observe/prometheus/history.ts";
import { wallTimeMs } from "./wall-time.ts";

/**
 * A demand source that cannot be read before the first cycle is a mistake of the configuration: a `UserError` says so
 * before anything is written. Once there is a journal it is an outage, which the daemon lives through: capacity is
 * held, then goes to the fallback.
 */
export async function checkFirstDemand({ demand, state }: Settings): Promise<void> {
  if (demand.source === "platform" || existsSync(join(state.folder, JOURNAL_FILE))) return;
  if (demand.source === "prometheus") return checkFirstQuery(demand);
  if (demand.path === undefined) return;
  const source = createFileSource({ ...demand, kind: demand.source, path: demand.path });
  await source.read(epochMs(0), 0);
  await source.close();
}

/** Enough to see that the query is understood and gives one series. */
const LOOK_BACK_STEPS = 12;

/** A server that is down, or has no data yet, is an outage from the start: the daemon waits for it. */
async function checkFirstQuery({ prometheus, stepMs, scale }: Settings["demand"]): Promise<void> {
  if (prometheus === undefined) return;
  const nowMs = wallTimeMs();
  await readPrometheusHistory({
    prometheus: { ...prometheus, connection: { ...prometheus.connection, deadlineMs: FIRST_DEADLINE_MS } },
    stepMs,
    scale,
    environment: processEnvironment(),
    clock: wallClock(),
    random: () => 0.5,
    wallNowMs: wallTimeMs,
    nowMs,
    historyMs: LOOK_BACK_STEPS * stepMs,
    mayBeEmpty: true,
  }).catch((error: unknown) => {
    if (error instanceof UserError && error.exitCode === 2) throw error;
  });
}

const FIRST_DEADLINE_MS = durationMs(5_000);
