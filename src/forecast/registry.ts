import type { Forecaster } from "./forecaster.ts";
import { arima } from "./members/arima.ts";
import { dhrAr } from "./members/dhr-ar.ts";
import { direct } from "./members/direct.ts";
import { ets } from "./members/ets.ts";
import { holtWinters } from "./members/holt-winters.ts";
import { level } from "./members/level.ts";
import { logDirect } from "./members/log-direct.ts";
import { lstm } from "./members/lstm.ts";
import { mstl } from "./members/mstl.ts";
import { naive } from "./members/naive.ts";
import { prophet } from "./members/prophet.ts";
import { seasonalNaive } from "./members/seasonal-naive.ts";
import { seasonalNaiveBoth } from "./members/seasonal-naive-both.ts";
import { seasonalNaiveWeek } from "./members/seasonal-naive-week.ts";
import { seasonalQuantiles } from "./members/seasonal-quantiles.ts";
import { transformer } from "./members/transformer.ts";

/**
 * Every member by name, cheapest first. A file in `members/` that is not here fails a test, and so does
 * the reverse.
 */
export const MEMBERS: readonly Forecaster[] = [
  naive,
  level,
  seasonalNaive,
  seasonalNaiveWeek,
  seasonalNaiveBoth,
  seasonalQuantiles,
  ets,
  holtWinters,
  dhrAr,
  mstl,
  direct,
  logDirect,
  arima,
  prophet,
  lstm,
  transformer,
];

/**
 * The members named, in registry order; names nobody has come back in `unknown`. Naive is always in, and
 * first.
 */
export function selectMembers(names: readonly string[]): {
  readonly members: readonly Forecaster[];
  readonly unknown: readonly string[];
  /** Every name there is. */
  readonly known: readonly string[];
} {
  const members = MEMBERS.filter((member) => member.name === "naive" || names.includes(member.name));
  const unknown = names.filter((name) => !MEMBERS.some((member) => member.name === name));
  return { members, unknown, known: MEMBERS.map((member) => member.name) };
}
