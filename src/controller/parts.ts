import type { Journal } from "../model/journal-port.ts";
import type {
  AheadSource,
  Clock,
  DemandSource,
  ForecastEngine,
  Log,
  PlatformReader,
  StackDriver,
} from "../model/ports.ts";
import type { PrewarmRunner } from "../model/prewarm.ts";
import type { Settings } from "../model/settings.ts";
import type { Tenancy } from "../model/tenancy.ts";

/** Everything the controller works with; chosen in `wire.ts` or in a simulation. */
export interface ControllerParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly demand: DemandSource;
  /** What is known beside demand; undefined: nothing. */
  readonly ahead?: AheadSource;
  readonly forecaster: ForecastEngine;
  readonly platform: PlatformReader;
  /** The account that the service shares with others; undefined: none. */
  readonly tenancy?: Tenancy;
  readonly driver: StackDriver;
  readonly journal: Journal;
  /** Carries out pre-warming tasks; undefined: they are only recorded. */
  readonly prewarm?: PrewarmRunner;
  readonly log: Log;
  /** Where the provider finds the supervisor. */
  readonly endpointFile: string;
  /** Uniform in [0, 1); only the jitter of the schedule draws from it. */
  readonly random: () => number;
  readonly wallMs: () => number;
  /** Identity of this process, for intents. */
  readonly self: { readonly pid: number; readonly processStart: string };
}
