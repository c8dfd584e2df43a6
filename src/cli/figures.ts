/** A figure with about three digits that count: `0.42`, `7.31`, `42.5`, `1,234`, from 1e15 on `1.23e+15`. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "?";
  const size = Math.abs(value);
  if (size >= 1e15) return value.toExponential(2);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  if (size >= 100 || value === 0) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return size >= 0.01 ? value.toFixed(2) : value.toPrecision(2);
}

export function percent(fraction: number | null | undefined, digits = 0): string {
  if (fraction === null || fraction === undefined || !Number.isFinite(fraction)) return "?";
  return `${(fraction * 100).toFixed(digits)} %`;
}

export function usd(value: number): string {
  return Number.isFinite(value) ? `$${value.toFixed(Math.abs(value) < 100 ? 2 : 0)}` : "?";
}
