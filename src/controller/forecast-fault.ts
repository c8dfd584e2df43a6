import type { QuantileForecast } from "../model/forecast.ts";

/**
 * Why a forecast must not be sized by, in words; undefined when it may. `decide` refuses such a forecast as a broken
 * assumption, which would cost the whole cycle: left out beforehand, demand that is here is still served.
 */
export function forecastFault({ levels, quantiles }: QuantileForecast): string | undefined {
  if (levels.length === 0 || levels.length !== quantiles.length)
    return "levels and quantiles differ in number";
  const steps = quantiles[0]?.length ?? 0;
  for (let k = 0; k < quantiles.length; k++) {
    const row = quantiles[k];
    if (row === undefined || row.length !== steps) return `the row of level ${levels[k]} has another length`;
    const lower = quantiles[k - 1];
    const at = row.findIndex((value, step) => !(value >= (lower?.[step] ?? 0) && value < Infinity));
    if (at >= 0) return `quantiles cross or are no numbers: ${row[at]} at level ${levels[k]}, step ${at}`;
  }
  return undefined;
}
