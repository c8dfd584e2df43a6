/** Members of the forecast ensemble, by the names the forecast stage registers. */
export const FORECAST_MEMBERS = [
  "naive",
  "level",
  "seasonal-naive",
  "seasonal-quantiles",
  "dhr-ar",
  "direct",
  "prophet",
] as const;
