/** The vertical axis: 0 at the bottom, `top` at the upper edge, a labelled tick every `step`. */
export interface Scale {
  readonly top: number;
  readonly step: number;
  readonly digits: number;
}

const ROWS_PER_TICK = 2;
const MOST_TICKS = 8;
const NICE = [1, 2, 2.5, 5, 10] as const;

/** A round scale that holds `largest`, with a tick about every second row, at most eight. */
export function scaleFor(largest: number, rows: number): Scale {
  const most = Math.min(MOST_TICKS, Math.max(1, Math.floor(rows / ROWS_PER_TICK)));
  const raw = Math.max(largest, 1e-6) / most;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = (NICE.find((nice) => nice * size >= raw * 0.999) ?? 10) * size;
  const top = Math.max(1, Math.ceil((largest * 0.999) / step)) * step;
  return { top, step, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) + (isHalf(step) ? 1 : 0) };
}

export function tickText(value: number, { digits }: Scale): string {
  return value === 0 ? "0" : value.toFixed(digits);
}

/** Height in rows, from the bottom, of a value. */
export function heightOf(value: number, scale: Scale, rows: number): number {
  return Math.min(rows, Math.max(0, (value / scale.top) * rows));
}

/** 2.5, 0.25: a digit more than their size needs. */
function isHalf(step: number): boolean {
  const lead = step / 10 ** Math.floor(Math.log10(step) + 1e-9);
  return step < 10 && Math.abs(lead - 2.5) < 1e-6;
}
