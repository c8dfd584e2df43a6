import { type LocalCells, placeOf } from "./local-cells.ts";
import { fillLinear } from "./statistics.ts";
import { mstl } from "./stl.ts";

/**
 * The means by local time: one value per cell of the local clock, so that a day is always as long. Cells that
 * the clock skipped are gaps, those that it showed twice hold the mean of both.
 */
export function localLine({ means, ids }: LocalCells): Float64Array {
  const firstId = ids[0] ?? 0;
  const line = new Float64Array((ids.at(-1) ?? firstId) - firstId + 1).fill(Number.NaN);
  means.forEach((mean, c) => {
    const at = (ids[c] ?? 0) - firstId;
    if (Number.isNaN(mean) || at < 0) return;
    const before = line[at] ?? Number.NaN;
    line[at] = Number.isNaN(before) ? mean : (before + mean) / 2;
  });
  return line;
}

/** Gaps filled with the mean of their time of day, shifted as the known values on either side are; a copy. */
export function fillByPlace(line: Float64Array, period: number): Float64Array {
  const sums = new Float64Array(period);
  const counts = new Float64Array(period);
  let total = 0;
  let known = 0;
  line.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    sums[i % period] = (sums[i % period] ?? 0) + value;
    counts[i % period] = (counts[i % period] ?? 0) + 1;
    total += value;
    known++;
  });
  const mean = known === 0 ? 0 : total / known;
  const means = sums.map((sum, place) => (counts[place] === 0 ? mean : sum / (counts[place] ?? 1)));
  const shifts = fillLinear(line.map((value, i) => value - (means[i % period] ?? 0)));
  return line.map((value, i) => (Number.isNaN(value) ? (means[i % period] ?? 0) + (shifts[i] ?? 0) : value));
}

/**
 * The last cycle of the patterns of day and week together, by place in the local day (or week), around zero.
 * `firstId` is the cell of `filled[0]`.
 */
export function patternTable(
  filled: Float64Array,
  firstId: number,
  perDay: number,
  weekly: boolean,
): Float64Array {
  const { seasonal } = mstl(filled, weekly ? [perDay, 7 * perDay] : [perDay]);
  const size = weekly ? 7 * perDay : perDay;
  const table = new Float64Array(size);
  for (let i = Math.max(0, filled.length - size); i < filled.length; i++) {
    table[placeOf(firstId + i, size)] = seasonal.reduce((sum, own) => sum + (own[i] ?? 0), 0);
  }
  const mean = table.reduce((sum, value) => sum + value, 0) / size;
  return table.map((value) => value - mean);
}
