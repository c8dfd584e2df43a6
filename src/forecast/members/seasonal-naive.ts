import { DAY_MS } from "../../model/time.ts";
import { defineForecaster, type Forecaster } from "../forecaster.ts";
import { lookBackSpec } from "../kernels/look-back.ts";

/** The same local time yesterday, quantiles from the changes from day to day. */
export const seasonalNaive: Forecaster = defineForecaster(
  lookBackSpec("seasonal-naive", [[1]], 1.5 * DAY_MS),
);
