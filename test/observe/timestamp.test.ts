import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inferStep } from "../../src/observe/infer-step.ts";
import { parseTimestamp } from "../../src/observe/timestamp.ts";
import { createZoneClock } from "../../src/observe/zone-clock.ts";

const utc = createZoneClock("UTC");
const NEVER = Number.NEGATIVE_INFINITY;

function instant(text: string, timeZone = "UTC", afterMs = NEVER): string {
  const ms = parseTimestamp(text, timeZone === "UTC" ? utc : createZoneClock(timeZone), afterMs);
  return Number.isNaN(ms) ? "no time" : new Date(ms).toISOString();
}

describe("instants", () => {
  test.each([
    ["2014-04-10T00:04:00Z", "2014-04-10T00:04:00.000Z"],
    ["2014-04-10 00:04", "2014-04-10T00:04:00.000Z"],
    ["2014-04-10", "2014-04-10T00:00:00.000Z"],
    ["2014-04-10T00:04:00.125+02:00", "2014-04-09T22:04:00.125Z"],
    ["2014-04-10 00:04:00 UTC", "2014-04-10T00:04:00.000Z"],
    ["2014-04-10T00:04-03", "2014-04-10T03:04:00.000Z"],
    ["1397088240", "2014-04-10T00:04:00.000Z"],
    ["1397088240000", "2014-04-10T00:04:00.000Z"],
    ["1397088240.5", "2014-04-10T00:04:00.500Z"],
    ["2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"],
  ])("%s", (text, iso) => expect(instant(text)).toBe(iso));

  test.each([
    "",
    "now",
    "2014-04-31",
    "2014-13-01",
    "2014-02-29",
    "1900-02-29",
    "2014-04-10T24:00:00Z",
    "2014-04-10T23:60Z",
    "2014-04-10x00:00",
    "2014-04-10T00:04:00+99:00",
    "2014-04-1",
    "-5",
    "1e9",
    "20140410",
    "10/04/2014",
    "2014-04-10T1:00",
  ])("%j is no time", (text) => expect(instant(text)).toBe("no time"));

  test("every civil date agrees with the platform's own calendar", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), (second) => {
        const iso = new Date(second * 1000).toISOString();
        expect(parseTimestamp(`${iso.slice(0, 19)}Z`, utc, NEVER)).toBe(second * 1000);
      }),
    );
  });
});

describe("local clocks", () => {
  test.each([
    ["2001-04-01 01:59", "America/New_York", "2001-04-01T06:59:00.000Z"],
    ["2001-04-01 02:30", "America/New_York", "2001-04-01T07:30:00.000Z"],
    ["2001-04-01 03:00", "America/New_York", "2001-04-01T07:00:00.000Z"],
    ["2026-10-25 02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z"],
    ["2026-04-05 01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00.000Z"],
    ["2026-06-01 00:00", "Asia/Kathmandu", "2026-05-31T18:15:00.000Z"],
    // Samoa left out 2011-12-30 altogether.
    ["2011-12-31 00:00", "Pacific/Apia", "2011-12-30T10:00:00.000Z"],
  ])("%s in %s", (text, zone, iso) => expect(instant(text, zone)).toBe(iso));

  test("of an hour that is there twice, the second when the first is past", () => {
    const first = Date.parse("2026-10-25T00:30:00Z");
    expect(instant("2026-10-25 02:30", "Europe/Berlin", first - 1)).toBe("2026-10-25T00:30:00.000Z");
    expect(instant("2026-10-25 02:30", "Europe/Berlin", first)).toBe("2026-10-25T01:30:00.000Z");
  });

  test.each([
    "America/New_York",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Antarctica/Troll",
    "Asia/Kolkata",
  ])("%s: reading the clock back gives the instant, but in an hour that is there twice", (zone) => {
    const clock = createZoneClock(zone);
    const format = new Intl.DateTimeFormat("sv-SE", {
      timeZone: zone,
      dateStyle: "short",
      timeStyle: "medium",
    });
    fc.assert(
      fc.property(fc.integer({ min: 946_684_800, max: 2_082_758_400 }), (second) => {
        const local = format.format(second * 1000);
        const read = parseTimestamp(local, clock, NEVER);
        // Cairo, Troll and the rest repeat an hour or two at most.
        expect(second * 1000 - read).toBeGreaterThanOrEqual(0);
        expect(parseTimestamp(local, clock, second * 1000 - 1)).toBe(second * 1000);
      }),
      { numRuns: 200 },
    );
  });
});

describe("the step of a series", () => {
  test.each([
    ["regular", [0, 60, 120, 180], 60],
    ["with gaps", [0, 60, 600, 660, 6000, 6060], 60],
    ["mostly gaps", [0, 300, 1200, 1500, 3000, 3300, 3600], 300],
    ["irregular: the usual step below the median", [0, 611, 1290, 1893, 2570, 3201], 600],
    ["more gaps than rows", [0, 300, 900, 1500, 2100], 300],
    [
      "mostly regular, one stray row",
      [
        0, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 620, 660, 720, 780, 840, 900, 960, 1020, 1080,
        1140, 1200,
      ],
      60,
    ],
    ["two rows", [0, 3600], 3600],
  ])("%s", (_, seconds, step) => expect(inferStep(seconds.map((each) => each * 1000))).toBe(step * 1000));

  test("is unknown for one row", () => expect(inferStep([5])).toBeUndefined());
});
