import { DAY_MS } from "../../model/time.ts";
import { defineForecaster, type Forecaster } from "../forecaster.ts";
import { type DirectState, directQuantiles, fitDirect } from "../kernels/direct-regression.ts";

/**
 * Direct multi-horizon ridge regression: for each horizon its own weights on the last errors around the
 * daily pattern, their means over 15 minutes to 3 days, and the errors at the same time on earlier days.
 * Takes up level shifts and repeated peaks that an AR law forgets within the hour.
 */
export const direct: Forecaster = defineForecaster<DirectState>({
  name: "direct",
  cost: "light",
  needs: { knownSteps: 100, spanMs: 3 * DAY_MS },
  estimate: (history, context) =>
    history.stepMs > DAY_MS / 8 ? "needs at least eight steps a day" : fitDirect(history, context),
  quantiles: directQuantiles,
});
