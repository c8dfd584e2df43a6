import { DEMAND_FAULTS } from "./demand-faults.ts";
import { ENGINE_FAULTS } from "./engine-faults.ts";
import type { FaultKind } from "./fault-world.ts";
import { PLATFORM_FAULTS } from "./platform-faults.ts";

const KINDS = { ...DEMAND_FAULTS, ...ENGINE_FAULTS, ...PLATFORM_FAULTS };

/** What can go wrong in a night, by name. */
export type Fault = keyof typeof KINDS;
export const FAULTS = Object.keys(KINDS) as readonly Fault[];

export function faultKind(fault: Fault): FaultKind {
  return KINDS[fault];
}
