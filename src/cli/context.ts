import type { ControllerParts } from "../controller/parts.ts";
import type { Log } from "../model/ports.ts";
import type { Settings } from "../model/settings.ts";
import type { EngineStatus } from "../model/status.ts";

/** What only the entry knows and every command may use. Both functions load their module when they are called. */
export interface CliContext {
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  readonly wire: (request: WireRequest) => Promise<WiredParts>;
  readonly runDemo: (request: DemoRequest) => Promise<number>;
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
  readonly engineStatus: () => EngineStatus;
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
