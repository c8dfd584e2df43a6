import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { ActivityCounts, ActivityEvent, ActivityFormat } from "../model/activity.ts";
import { durationMs, HOUR_MS, MINUTE_MS } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { createIngest } from "../observe/activity/ingest.ts";
import { createPseudonyms } from "../observe/activity/pseudonym.ts";
import { readActivity } from "../observe/activity/read-activity.ts";

/** What was read, for the head of what is shown. */
export interface LogReading {
  readonly name: string;
  readonly timeZone: string;
  readonly counts: ActivityCounts;
}

export interface ReadLogsRequest {
  readonly paths: readonly string[];
  readonly format: ActivityFormat;
  readonly signal: AbortSignal;
  onEvent(event: ActivityEvent): void;
  /** Told now and then; `total` counts files. */
  onProgress?(lines: number, file: string): void;
}

const PROGRESS_LINES = 20_000;

/**
 * Reads access logs as events, pseudonymised; `-` is standard input. The key is the same in each run, so that a report
 * is too: pseudonyms made with it are shown and kept nowhere. Throws a `UserError` for what holds no request.
 */
export async function readLogs(request: ReadLogsRequest): Promise<ActivityCounts> {
  const key = createHash("sha256").update("tiercast profile").digest();
  const seen = { events: 0, file: "" };
  const ingest = createIngest({
    settings: {
      identify: { by: ["account", "address-agent"], cookie: undefined },
      privacy: {
        keyFile: undefined,
        keyEnv: undefined,
        rotateMs: durationMs(HOUR_MS),
        overlapMs: durationMs(HOUR_MS),
        k: 1,
        consentValues: [],
        withoutConsent: "pseudonymous",
      },
      hosts: [],
      reorderMs: durationMs(5 * MINUTE_MS),
      maxEndpoints: 4_096,
    },
    pseudonyms: createPseudonyms([key]),
    onEvent: (event) => {
      request.onEvent(event);
      if (++seen.events % PROGRESS_LINES === 0) request.onProgress?.(seen.events, seen.file);
    },
  });
  for (const path of request.paths) {
    seen.file = path;
    if (path !== "-" && (await stat(path).catch(() => undefined)) === undefined)
      throw new UserError(`${path}: no such file (name an access log, or - for standard input)`);
    const source = { path, format: request.format, fields: {}, follow: false };
    await readActivity({ source, ingest, signal: request.signal, input: process.stdin });
  }
  const counts = ingest.counts();
  if (counts.events === 0)
    throw new UserError(
      `${request.paths.join(", ")}: no request could be read (name the format with --format)`,
    );
  return counts;
}
