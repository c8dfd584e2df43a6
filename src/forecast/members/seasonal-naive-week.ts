import { DAY_MS } from "../../model/time.ts";
import { defineForecaster, type Forecaster } from "../forecaster.ts";
import { lookBackSpec } from "../kernels/look-back.ts";

/** The same local time a week ago; every weekday must have been seen with its successor, or nearly. */
export const seasonalNaiveWeek: Forecaster = defineForecaster(
  lookBackSpec("seasonal-naive-week", [[7]], 10 * DAY_MS),
);
