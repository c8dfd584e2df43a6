import { wallClock } from "../clock.ts";
import { processEnvironment } from "../config.ts";
import { formatDuration } from "../model/time.ts";
import { readPrometheusHistory } from "../observe/prometheus/history.ts";
import type { CommandCall } from "./command-spec.ts";
import { type NamedQuery, namedQuery } from "./named-query.ts";
import { wantsJson } from "./options.ts";
import { progressBar } from "./progress-bar.ts";
import { progressLine } from "./progress-line.ts";
import { type Input, type InputGrid, readInput } from "./read-input.ts";
import { wallTimeMs } from "./wall-time.ts";
import { zoneOption } from "./zone-option.ts";

export interface SourceRequest {
  /** In place of the command's argument; `-` is standard input. */
  readonly source?: string;
  readonly grid?: InputGrid;
  /** How far back a server is read; 28 days unless given. A file is read whole. */
  readonly lastMs?: number | undefined;
}

/**
 * Demand that the command line names: a CSV trace, an access log, a parquet file of arrivals, `-` for standard input,
 * or a query of Prometheus (`prometheus:http://HOST:9090?query=...`, or --prometheus with --query). Undefined when
 * it names none. Throws a `UserError` of one line.
 */
export async function readSource(call: CommandCall, request: SourceRequest = {}): Promise<Input | undefined> {
  const source = request.source ?? call.args[0];
  const query = namedQuery(call, source, request.lastMs);
  if (query !== undefined) return readQuery(call, query);
  return source === undefined ? undefined : readInput(call, source, request.grid);
}

async function readQuery(call: CommandCall, { prometheus, stepMs, historyMs }: NamedQuery): Promise<Input> {
  const line = progressLine(process.stderr);
  const showsProgress = !wantsJson(call) || process.stderr.isTTY;
  const beganMs = performance.now();
  const shown = `${prometheus.url} ${prometheus.query}`;
  try {
    const { series, warnings } = await readPrometheusHistory({
      prometheus,
      stepMs,
      scale: 1,
      environment: processEnvironment(),
      clock: wallClock(),
      // One reader by hand: there is no herd to spread.
      random: () => 0.5,
      wallNowMs: wallTimeMs,
      addressName: "--prometheus",
      nowMs: wallTimeMs(),
      historyMs,
      signal: call.context.signal,
      onProgress: (done, total) => {
        const spentMs = performance.now() - beganMs;
        if (showsProgress && done < total) line.show(progressBar("steps", done, total, spentMs));
      },
    });
    return {
      kind: "prometheus",
      name: `prometheus ${shown} every ${formatDuration(stepMs)}`,
      path: shown,
      series,
      timeZone: zoneOption(call) ?? "UTC",
      warnings,
    };
  } finally {
    line.end();
  }
}
