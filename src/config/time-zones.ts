import { closest } from "./closest.ts";
import { absent } from "./fields.ts";
import { shown } from "./problem.ts";

/** Is it an IANA zone this machine knows? Fixed offsets are not: they have no daylight saving. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** What to say of `input`, which is no zone. */
export function timeZoneMistake({ input }: { readonly input?: unknown }): string {
  const near = typeof input === "string" ? closestZone(input) : undefined;
  const fix = near === undefined ? "write an IANA name such as Europe/Berlin" : `did you mean ${near}?`;
  return absent(input) ?? `must be an IANA time zone, not ${shown(input)} (${fix})`;
}

/** `Berlin` means Europe/Berlin; `Europe/Berln` too. */
function closestZone(input: string): string | undefined {
  const zones = ["UTC", ...Intl.supportedValuesOf("timeZone")];
  const city = input.toLowerCase().replaceAll(" ", "_");
  return zones.find((zone) => zone.toLowerCase().endsWith(`/${city}`)) ?? closest(input, zones);
}
