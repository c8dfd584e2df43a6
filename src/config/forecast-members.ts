/** Members of the forecast ensemble, by the names the forecast stage registers. */
export const FORECAST_MEMBERS = [
  "naive",
  "level",
  "seasonal-naive",
  "seasonal-naive-week",
  "seasonal-naive-both",
  "seasonal-quantiles",
  "ets",
  "holt-winters",
  "dhr-ar",
  "mstl",
  "direct",
  "log-direct",
  "arima",
  "prophet",
  "lstm",
  "transformer",
] as const;
