/** `118`, `7.1`, `0.43`: enough digits to compare by, for the sentences of a decision. */
export function shortNumber(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(2)));
}

/** `1 unit`, `3 units`. */
export function unitsText(units: number): string {
  return `${units} unit${units === 1 ? "" : "s"}`;
}
