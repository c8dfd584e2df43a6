import { DAY_MS } from "../../model/time.ts";
import { defineForecaster, type Forecaster } from "../forecaster.ts";
import { lookBackSpec } from "../kernels/look-back.ts";

/**
 * Day and week together: the mean of yesterday and a week ago, or the last day of the same kind (working day
 * or weekend), whichever was nearer to the truth over the history.
 */
export const seasonalNaiveBoth: Forecaster = defineForecaster(
  lookBackSpec("seasonal-naive-both", [[1, 7], "same-kind"], 10 * DAY_MS),
);
