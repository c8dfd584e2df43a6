import type { KubernetesBaseInputs, KubernetesTierPlacement } from "./kubernetes.ts";
import type { Tier } from "./tier.ts";
import type { WarmKindInputs } from "./warm.ts";

/** All that a tier stack's program is a function of. Plain JSON: recorded, hashed, shown by `plan`. */
export interface StackInputs {
  readonly service: string;
  readonly platform: "local" | "kubernetes";
  /** With `platform: kubernetes`, and only then. */
  readonly kubernetes?: KubernetesTierPlacement;
  /** Rises with each plan; the platform and the stack refuse a lower one. */
  readonly planGeneration: number;
  readonly decisionId: string;
  readonly cutoffMs: number;
  readonly tiers: Readonly<Record<Tier, TierInputs>>;
  readonly warm: WarmInputs;
  /** Warm pieces of other kinds; absent: none. */
  readonly warmKinds?: readonly WarmKindInputs[];
  /** Units needed for demand observed now: step limits do not bind up to it. */
  readonly observedUnits: number;
  /** Granted of the account the service shares, for the policy pack; absent where it shares none. */
  readonly accountShareUnits?: number;
  readonly tags: Readonly<Record<string, string>>;
  /** File through which the provider finds the supervisor (address and token); empty on other platforms. */
  readonly endpointFile: string;
}

export interface TierInputs {
  readonly units: number;
  readonly priceUsdPerUnitHour: number;
}

export interface WarmInputs {
  readonly units: number;
  readonly priceUsdPerUnitHour: number;
  /** End of the pool in the daemon's time; null for an empty pool. A new value renews it. */
  readonly expiresMs: number | null;
  /** The same as wall time from the update on: the platform counts it down by itself, also without a daemon. */
  readonly ttlWallMs: number | null;
  readonly reason: string;
}

/** What a base stack is a function of. */
export type BaseInputs = LocalBaseInputs | KubernetesBaseInputs;

export interface LocalBaseInputs {
  readonly service: string;
  readonly platform: "local";
  readonly endpointFile: string;
  readonly logFile: string;
  readonly routerPort: number;
  readonly slotsPerUnit: number;
  readonly serviceTimeMs: number;
  /** A request served later than this counts as late. */
  readonly latencyObjectiveMs: number;
  readonly startMedianMs: number;
  readonly startSigma: number;
  readonly drainMs: number;
  readonly queueLimit: number;
  readonly maxUnits: number;
  readonly tags: Readonly<Record<string, string>>;
}
