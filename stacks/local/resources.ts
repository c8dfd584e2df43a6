import { CustomResource, type CustomResourceOptions, type Output } from "@pulumi/pulumi";
import type { Tier } from "../../src/model/tier.ts";

export interface PlanArgs {
  readonly service: string;
  readonly planGeneration: number;
  readonly decisionId: string;
  readonly cutoffMs: number;
  readonly observedUnits: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly endpointFile: string;
}

/** `unitsBefore` is the provider's to fill, from the engine's state. */
export interface TierArgs {
  readonly service: string;
  readonly tier: Tier;
  readonly units: number;
  readonly priceUsdPerUnitHour: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly endpointFile: string;
}

export interface WarmPoolArgs {
  readonly service: string;
  readonly units: number;
  readonly priceUsdPerUnitHour: number;
  /** End of the pool in the daemon's time, null for none; a new value renews the pool. */
  readonly expiresMs: number | null;
  /** Life of the pool from its update on, wall time; null: until further notice. */
  readonly ttlWallMs: number | null;
  readonly reason: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly endpointFile: string;
}

export interface WarmKindArgs {
  readonly service: string;
  readonly kind: string;
  readonly count: number;
  readonly minCount: number;
  readonly priceUsdPerHour: number;
  /** End of what is beyond `minCount`, in the daemon's time; null: until further notice. */
  readonly expiresMs: number | null;
  readonly ttlWallMs: number | null;
  readonly reason: string;
  readonly target: {
    readonly host: string;
    readonly port: number;
    readonly connectTimeoutMs: number;
    readonly hello?: { readonly sendHex: string; readonly untilHex: string };
  };
  readonly tags: Readonly<Record<string, string>>;
  readonly endpointFile: string;
}

export interface PlatformArgs {
  readonly service: string;
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

/** Pulumi's SDK wants a class per resource; these hold nothing but their type. */
export class Plan extends CustomResource {
  constructor(name: string, args: PlanArgs, options?: CustomResourceOptions) {
    super("tiercast:local:Plan", name, { ...args }, options);
  }
}

export class TierSize extends CustomResource {
  constructor(name: string, args: TierArgs, options?: CustomResourceOptions) {
    super("tiercast:local:Tier", name, { ...args }, options);
  }
}

export class WarmPool extends CustomResource {
  constructor(name: string, args: WarmPoolArgs, options?: CustomResourceOptions) {
    super("tiercast:local:WarmPool", name, { ...args }, options);
  }
}

export class WarmKind extends CustomResource {
  constructor(name: string, args: WarmKindArgs, options?: CustomResourceOptions) {
    super("tiercast:local:WarmKind", name, { ...args }, options);
  }
}

export class Platform extends CustomResource {
  declare readonly routerUrl: Output<string>;

  constructor(name: string, args: PlatformArgs, options?: CustomResourceOptions) {
    super("tiercast:local:Platform", name, { ...args, routerUrl: undefined }, options);
  }
}
