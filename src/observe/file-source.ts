import { stat } from "node:fs/promises";
import type { DemandSource } from "../model/ports.ts";
import { type DemandSeries, sliceSeries } from "../model/series.ts";
import { type DurationMs, epochMs } from "../model/time.ts";
import { readAccessLog } from "./access-log.ts";
import { readCsvTrace } from "./csv-trace.ts";
import { unreadable } from "./input-error.ts";
import { type LatencySteps, latencyAt } from "./log-latency.ts";

export interface FileSourceRequest {
  readonly kind: "csv" | "access-log";
  readonly path: string;
  readonly stepMs: DurationMs;
  readonly timeZone: string;
  readonly timeColumn?: string | undefined;
  readonly valueColumn?: string | undefined;
  readonly scale?: number;
  /** Told each warning once per version of the file. */
  onWarning?(line: string): void;
}

interface Version {
  readonly mark: string;
  readonly series: DemandSeries;
  /** Of an access log whose lines say how long requests took. */
  readonly latencies: LatencySteps | undefined;
}

/**
 * Demand from a file that may grow or be replaced: it is read again when its size, time or identity changes. What
 * lies after `nowMs` is not shown, so a recorded trace can be replayed. Two reads at a time share one.
 */
export function createFileSource(request: FileSourceRequest): DemandSource {
  let current: Version | undefined;
  let reading: Promise<Version> | undefined;
  const latest = async (): Promise<Version> => {
    const mark = await versionMark(request.path);
    if (current?.mark !== mark) current = { mark, ...(await readFile(request)) };
    return current;
  };
  return {
    name: `${request.kind} ${request.path}`,
    read: async (nowMs, historyMs) => {
      reading ??= latest().finally(() => {
        reading = undefined;
      });
      return knownBy((await reading).series, nowMs, historyMs);
    },
    latency: (nowMs) =>
      current?.latencies === undefined ? undefined : latencyAt(current.latencies, request.stepMs, nowMs),
    close: async () => {
      current = undefined;
    },
  };
}

async function readFile(request: FileSourceRequest): Promise<Omit<Version, "mark">> {
  const { series, warnings, latencies } =
    request.kind === "csv"
      ? { ...(await readCsvTrace(request)), latencies: undefined }
      : await readAccessLog(request);
  for (const warning of warnings) request.onWarning?.(warning);
  return { series, latencies };
}

async function versionMark(path: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch (error) {
    throw unreadable(path, 1, error);
  }
}

/** The whole steps up to `nowMs`, at most `historyMs` of them, none before the file begins. */
function knownBy(series: DemandSeries, nowMs: number, historyMs: number): DemandSeries {
  const { startMs, stepMs, values } = series;
  const steps = Math.min(values.length, Math.max(0, Math.floor((nowMs - startMs) / stepMs)));
  const first = Math.max(0, steps - Math.floor(historyMs / stepMs));
  return sliceSeries(series, epochMs(startMs + first * stepMs), epochMs(startMs + steps * stepMs));
}
