import type { DemandPath, ShapePool } from "./demand-paths.ts";
import type { Periods } from "./periods.ts";
import type { CapacityRequest } from "./plan-values.ts";
import type { UnitTable } from "./unit-table.ts";

/** What is drawn once and asked many times. */
export interface Drawn {
  readonly request: CapacityRequest;
  readonly periods: Periods;
  readonly pool: ShapePool;
  readonly paths: readonly DemandPath[];
  readonly table: UnitTable;
  readonly horizonMs: number;
  /** Price of baseline over that of cycling a unit; 1 or more: nothing is worth holding. */
  readonly baselineShare: number;
  readonly factors: ReadonlyMap<number, Float64Array>;
}

/** Price of a held unit over that of one taken when needed; 1 where taking is free or cheaper. */
export function priceShare(heldUsd: number, onDemandUsd: number): number {
  return heldUsd >= onDemandUsd ? 1 : heldUsd / onDemandUsd;
}
