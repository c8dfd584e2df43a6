import { accountShareMax } from "./account-share-max.ts";
import { baselineMin } from "./baseline-min.ts";
import { burstReserve } from "./burst-reserve.ts";
import { costMax } from "./cost-max.ts";
import { hpaBounds } from "./hpa-bounds.ts";
import { planPresent } from "./plan-present.ts";
import { priorityRules } from "./priority-rules.ts";
import { replicasNotOwned } from "./replicas-not-owned.ts";
import { requestsAndLimits } from "./requests-and-limits.ts";
import { requestsCostMax } from "./requests-cost-max.ts";
import { requiredLabels } from "./required-labels.ts";
import { requiredTags } from "./required-tags.ts";
import type { Rule } from "./rule.ts";
import { stepDownMax } from "./step-down-max.ts";
import { stepUpMax } from "./step-up-max.ts";
import { tierObjectsKept } from "./tier-objects-kept.ts";
import { tierUnitsMax } from "./tier-units-max.ts";
import { tiersPresent } from "./tiers-present.ts";
import { totalUnitsMax } from "./total-units-max.ts";
import { warmKindsMax } from "./warm-kinds-max.ts";
import { warmUnitsMax } from "./warm-units-max.ts";

/** Every rule of the pack. */
export const RULES: readonly Rule[] = [
  tierUnitsMax,
  warmUnitsMax,
  warmKindsMax,
  totalUnitsMax,
  stepUpMax,
  stepDownMax,
  costMax,
  baselineMin,
  burstReserve,
  tiersPresent,
  requiredTags,
  planPresent,
  accountShareMax,
  hpaBounds,
  requestsAndLimits,
  replicasNotOwned,
  tierObjectsKept,
  priorityRules,
  requestsCostMax,
  requiredLabels,
];
