/** The CLI's clock: how old a status is, and when a pause ends. */
export function wallTimeMs(): number {
  return Date.now();
}
