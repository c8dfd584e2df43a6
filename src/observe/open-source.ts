import type { TrafficSample } from "../model/platform.ts";
import type { Clock, DemandSource } from "../model/ports.ts";
import type { DemandSeries } from "../model/series.ts";
import type { DemandSettings } from "../model/settings.ts";
import { UserError } from "../model/user-error.ts";
import { readCsvTrace } from "./csv-trace.ts";
import { createFileSource } from "./file-source.ts";
import { createPlatformSource } from "./platform-counts.ts";
import { createPrometheusSource } from "./prometheus/prometheus-source.ts";

export interface OpenSourceRequest {
  readonly demand: DemandSettings;
  readonly clock: Clock;
  wallNowMs(): number;
  /** The router; needed for `source: platform`. */
  readonly reader: { traffic(fromWallMs: number): Promise<readonly TrafficSample[]> };
  /** Recorded demand; undefined: the file of `demand.path`, if there is one. */
  readonly history: DemandSeries | undefined;
  onWarning(line: string): void;
  /** For `source: prometheus`: where secrets are that the settings name, and jitter of waits, 0 to 1. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  random?(): number;
}

/** The demand source that the settings name. Reads the history file of `source: platform`. */
export async function openDemandSource(request: OpenSourceRequest): Promise<DemandSource> {
  const { demand, clock, reader, onWarning } = request;
  if (demand.source === "platform") {
    const history = request.history ?? (await readHistory(demand, onWarning));
    const { stepMs, historyMs: keepMs } = demand;
    return createPlatformSource({ reader, clock, wallNowMs: request.wallNowMs, history, stepMs, keepMs });
  }
  if (demand.source === "prometheus") return openPrometheus(request);
  if (demand.path === undefined) throw new UserError(`demand.source ${demand.source} needs demand.path`);
  return createFileSource({ ...demand, kind: demand.source, path: demand.path, onWarning });
}

function openPrometheus(request: OpenSourceRequest): DemandSource {
  const { demand, clock, environment = {}, wallNowMs, onWarning } = request;
  const { prometheus, stepMs, staleAfterMs, scale } = demand;
  if (prometheus === undefined)
    throw new UserError("demand.source prometheus needs demand.url and demand.query");
  const random = request.random ?? (() => 0.5);
  const rest = { stepMs, staleAfterMs, scale, clock, random, environment };
  return createPrometheusSource({ ...rest, prometheus, wallNowMs, onWarning });
}

async function readHistory(
  demand: DemandSettings,
  onWarning: (line: string) => void,
): Promise<DemandSeries | undefined> {
  if (demand.path === undefined) return undefined;
  const { series, warnings } = await readCsvTrace({ ...demand, path: demand.path });
  for (const warning of warnings) onWarning(warning);
  return series;
}
