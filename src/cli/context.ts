import type { ControllerParts } from "../controller/parts.ts";
import type { ActivityIntake } from "../model/activity.ts";
import type { Journal, StateJournal } from "../model/journal-port.ts";
import type { Log } from "../model/ports.ts";
import type { Settings } from "../model/settings.ts";
import type { DaemonStatus, EngineStatus } from "../model/status.ts";
import type { TenantsView } from "../model/tenancy.ts";

/** What only the entry knows and every command may use. Each function loads its module when it is called. */
export interface CliContext {
  /** Aborts at the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  readonly wire: (request: WireRequest) => Promise<WiredParts>;
  readonly runDemo: (request: DemoRequest) => Promise<number>;
  /** Where a service's files are under its state folder. */
  readonly stateFiles: (settings: Settings) => Promise<StateFiles>;
  /** Serves health, metrics and the API of a daemon. */
  readonly serveHttp: (request: HttpRequest) => Promise<OpenHttp>;
}

export interface StateFiles {
  readonly endpointFile: string;
  readonly supervisorLog: string;
}

export interface HttpRequest {
  readonly host: string;
  readonly port: number;
  readonly log: Log;
  readonly sources: {
    readonly status: () => DaemonStatus;
    readonly monotonicMs: () => number;
    readonly journal: Pick<Journal, "cycle" | "lastCycle">;
    readonly events?: { readonly journal: StateJournal; readonly nowMs: () => number };
    readonly tenants?: () => TenantsView;
    readonly activity?: ActivityIntake;
  };
}

export interface OpenHttp {
  readonly url: string;
  close(): Promise<void>;
}

export interface WireRequest {
  readonly settings: Settings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cacheFolder: string;
  readonly log: Log;
  /** The journal is opened for reading only, and no lease is taken. */
  readonly readOnly?: boolean;
  /** Keep the engine's coloured diff of previews. */
  readonly wantsDiff?: boolean;
  /** `take`: the right to write is taken, or a `UserError` names its holder. */
  readonly lease?: "take" | "none";
}

export interface WiredParts {
  readonly parts: ControllerParts;
  readonly files: StateFiles;
  /** null when none was asked for. */
  readonly lease: { stillHeld(): boolean } | null;
  readonly engineStatus: () => EngineStatus;
  /** Looks for the engine; resolves to nothing when there is none. */
  readonly findEngineAgain: () => Promise<unknown>;
  readonly close: () => Promise<void>;
}

export interface DemoRequest {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly forMs: number;
  readonly traceFile: string | undefined;
  readonly speed: number | undefined;
  readonly plain: boolean;
  readonly keep: boolean;
  readonly colour: boolean;
}
