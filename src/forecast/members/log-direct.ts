import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { defineForecaster, type Forecaster } from "../forecaster.ts";
import { fitLogDirect, type LogDirectState, logDirectQuantiles } from "../kernels/log-direct.ts";

/**
 * Direct ridge regression of log demand for each horizon, relative to the level now, and a second one for the size of
 * its errors: the interval widens when the last minutes were rough, when the day's profile turns and where it was wrong
 * on the days before. Quantiles of what is left over (errors / expected size), all out of sample.
 */
export const logDirect: Forecaster = defineForecaster<LogDirectState>({
  name: "log-direct",
  cost: "heavy",
  nearTerm: true,
  needs: { knownSteps: 150, spanMs: 6 * HOUR_MS },
  estimate: (history, context) =>
    history.stepMs > DAY_MS / 24 ? "needs at least a step an hour" : fitLogDirect(history, context),
  quantiles: logDirectQuantiles,
});
