import { expect, test } from "vitest";
import { readEventsFile } from "../../src/observe/events-file.ts";
import { holidayEvents } from "../../src/observe/holidays.ts";
import { scratchFolder } from "./scratch.ts";

const folder = scratchFolder();
const NOW_MS = Date.parse("2026-03-01T00:00:00Z");
let files = 0;

async function read(ending: string, text: string, timeZone = "Europe/Berlin") {
  const path = await folder.write(`events-${files++}.${ending}`, text);
  return readEventsFile({ path, timeZone, nowMs: NOW_MS });
}

/** The message without the folder. */
async function mistake(ending: string, text: string): Promise<string> {
  const error = await read(ending, text).then(
    () => new Error("was accepted"),
    (thrown: unknown) => thrown as Error,
  );
  expect(error.name).toBe("UserError");
  expect(error.message).not.toContain("\n");
  return error.message.replace(/^.*events-\d+\.[a-z]+/, "F");
}

const iso = (ms: number): string => new Date(ms).toISOString().replace(":00.000Z", "Z");
const calendar = (...lines: readonly string[]): string =>
  ["BEGIN:VCALENDAR", "VERSION:2.0", ...lines, "END:VCALENDAR"].join("\r\n");
const vevent = (...lines: readonly string[]): string =>
  calendar("BEGIN:VEVENT", "UID:u1", "SUMMARY:sale", ...lines, "END:VEVENT");

test("CSV: local and zoned times, a lift, an announcement; without one known a week before", async () => {
  const events = await read(
    "csv",
    [
      "kind,start,end,lift,announced,id",
      "sale,2026-03-28 14:00,2026-03-28 15:00,2,2026-03-20,a",
      '"big, loud sale",2026-03-29T14:00:00Z,2026-03-29T16:00:00Z,,,',
    ].join("\r\n"),
  );
  expect(events).toEqual([
    {
      id: "a",
      kind: "sale",
      startMs: Date.parse("2026-03-28T13:00:00Z"),
      endMs: Date.parse("2026-03-28T14:00:00Z"),
      lift: 2,
      announcedMs: Date.parse("2026-03-19T23:00:00Z"),
    },
    {
      id: "big, loud sale 2026-03-29T14:00:00Z",
      kind: "big, loud sale",
      startMs: Date.parse("2026-03-29T14:00:00Z"),
      endMs: Date.parse("2026-03-29T16:00:00Z"),
      lift: undefined,
      announcedMs: Date.parse("2026-03-22T14:00:00Z"),
    },
  ]);
});

test("JSON and YAML, a list or a group, give the same as CSV", async () => {
  const csv = await read("csv", "kind,start,end,lift\nsale,2026-03-28 14:00,2026-03-28 15:00,2");
  const json = '[{"kind": "sale", "start": "2026-03-28 14:00", "end": "2026-03-28 15:00", "lift": 2}]';
  const yaml = "events:\n  - {kind: sale, start: 2026-03-28 14:00, end: 2026-03-28 15:00, lift: 2}\n";
  expect(await read("json", json)).toEqual(csv);
  expect(await read("json", `{"events": ${json}}`)).toEqual(csv);
  expect(await read("yaml", yaml)).toEqual(csv);
});

test("iCalendar: a weekly rule over daylight saving stays at 09:00 local; EXDATE and COUNT hold", async () => {
  const events = await read(
    "ics",
    vevent(
      "DTSTART;TZID=Europe/Berlin:20260323T090000",
      "DTEND;TZID=Europe/Berlin:20260323T100000",
      "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=5",
      "EXDATE;TZID=Europe/Berlin:20260325T090000",
      "X-TIERCAST-LIFT:2.5",
      "CREATED:20260301T120000Z",
    ),
    "UTC",
  );
  expect(events.map((event) => iso(event.startMs))).toEqual([
    "2026-03-23T08:00Z",
    "2026-03-30T07:00Z",
    "2026-04-01T07:00Z",
    "2026-04-06T07:00Z",
  ]);
  expect(events.every((event) => event.endMs - event.startMs === 3_600_000 && event.lift === 2.5)).toBe(true);
  expect(new Set(events.map((event) => event.announcedMs))).toEqual(new Set([Date.UTC(2026, 2, 1, 12)]));
});

test("iCalendar: UTC, whole days, DURATION, floating times, UNTIL and INTERVAL, moved and cancelled", async () => {
  const span = async (...lines: readonly string[]): Promise<readonly string[]> =>
    (await read("ics", vevent(...lines))).map(({ startMs, endMs }) => `${iso(startMs)} ${iso(endMs)}`);
  expect(await span("DTSTART:20260401T090000Z", "DTEND:20260401T093000Z")).toEqual([
    "2026-04-01T09:00Z 2026-04-01T09:30Z",
  ]);
  expect(await span("DTSTART;VALUE=DATE:20260329")).toEqual(["2026-03-28T23:00Z 2026-03-29T22:00Z"]);
  expect(await span("DTSTART:20260401T090000", "DURATION:PT90M")).toEqual([
    "2026-04-01T07:00Z 2026-04-01T08:30Z",
  ]);
  const rule = [
    "DTSTART:20260401T090000Z",
    "DURATION:PT1H",
    "RRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20260405T090000Z",
  ];
  expect((await span(...rule)).length).toBe(3);
  const moved = ["END:VEVENT", "BEGIN:VEVENT", "UID:u1", "SUMMARY:sale", "RECURRENCE-ID:20260403T090000Z"];
  expect(await span(...rule, ...moved, "DTSTART:20260403T200000Z", "DURATION:PT1H")).toEqual([
    "2026-04-01T09:00Z 2026-04-01T10:00Z",
    "2026-04-05T09:00Z 2026-04-05T10:00Z",
    "2026-04-03T20:00Z 2026-04-03T21:00Z",
  ]);
  expect(await span("DTSTART:20260401T090000Z", "DURATION:PT1H", "STATUS:CANCELLED")).toEqual([]);
});

test("a rule without an end is written out 400 days around now", async () => {
  const startedMs = performance.now();
  const events = await read(
    "ics",
    vevent("DTSTART:19900101T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY"),
    "UTC",
  );
  expect(events).toHaveLength(800);
  expect(iso(events[0]?.startMs ?? 0)).toBe("2025-01-25T09:00Z");
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});

const WHEN = "2026-03-28 14:00,2026-03-28 15:00";

test.each([
  ["csv", "", "F: is empty (write a header kind,start,end and a row for each)"],
  [
    "csv",
    `kind,from,end\nsale,${WHEN}`,
    "F:1: the header has no start (write kind,start,end and if wanted id,lift,announced)",
  ],
  [
    "csv",
    `kind,start,end,colour\nsale,${WHEN},red`,
    'F:1: "colour" is no column of events, or is there twice (columns are id, kind, start, end, lift, announced)',
  ],
  [
    "csv",
    `kind,start,end\nbig, sale,${WHEN}`,
    "F:2: 4 fields where the header has 3 (mend the row; quote text with a comma in it)",
  ],
  [
    "csv",
    "kind,start,end\nsale,2026-03-28 15:00,2026-03-28 14:00",
    "F:2: end 2026-03-28T13:00:00Z is not after start 2026-03-28T14:00:00Z (mend one of them)",
  ],
  [
    "csv",
    "kind,start,end\nsale,28.3.2026,2026-03-28 14:00",
    "F:2: start is not a time (write 2026-11-27T09:00:00Z)",
  ],
  ["csv", `kind,start,end\n,${WHEN}`, "F:2: kind is missing (name what it is, e.g. sale)"],
  [
    "csv",
    `kind,start,end\nsa\u0007le,${WHEN}`,
    "F:2: kind is not one line of 1 to 80 characters (shorten it)",
  ],
  [
    "csv",
    `kind,start,end,lift\nsale,${WHEN},-2`,
    "F:2: lift is not a factor from 0.01 to 50 (2 doubles demand)",
  ],
  [
    "csv",
    `kind,start,end,lift\nsale,${WHEN},double`,
    "F:2: lift is not a factor from 0.01 to 50 (2 doubles demand)",
  ],
  [
    "csv",
    `id,kind,start,end\na,sale,${WHEN}\na,mail,${WHEN}`,
    'F:3: event "a" is there already, on line 2 (delete one, or give each an id of its own)',
  ],
  [
    "csv",
    "kind,start,end\nsale,2026-03-28,2027-03-28",
    "F:2: it lasts over 62 days (check the year, or split it into shorter events)",
  ],
  [
    "txt",
    "x",
    "F: its ending does not tell how events are written in it (name it .csv, .json, .yaml or .ics)",
  ],
  [
    "yaml",
    "a: 1",
    'F:1: "a" is no key of an events file (write a list of events, or events: and the list, each with kind, start and end)',
  ],
  ["yaml", "- {kind: sale, start: 2026-03-28}", "F:1: the event has no end (add end:)"],
  [
    "yaml",
    "- {kind: sale, start: 2026-03-28, end: 2026-03-29}\n- 7",
    "F:2: is no event (write kind, start and end)",
  ],
  [
    "yaml",
    "- {kind: sale, strat: 2026-03-28}",
    'F:1: "strat" is no key of an event (keys are id, kind, start, end, lift, announced)',
  ],
  [
    "json",
    '[{"kind": "sale",\n "start": [1], "end": 2}]',
    "F:1: start is neither text nor a number (write it on one line)",
  ],
  ["ics", "hello", "F:1: does not begin with BEGIN:VCALENDAR (is this an iCalendar file?)"],
  [
    "ics",
    calendar("BEGIN:VEVENT", "DTSTART:2026xx"),
    "F:3: the event has no END:VEVENT (is the file cut off?)",
  ],
  ["ics", vevent("DURATION:PT1H"), "F:3: the event has no DTSTART (add it)"],
  ["ics", vevent("DTSTART:20260401T090000Z"), "F:3: the event has neither DTEND nor DURATION (add one)"],
  [
    "ics",
    vevent("DTSTART;TZID=Mars/Base:20260401T090000", "DURATION:PT1H"),
    'F:3: TZID "Mars/Base" is no known zone (write an IANA zone such as Europe/Berlin, or times in UTC)',
  ],
])("%s: a mistake is one line with its place and its mending (%#)", async (ending, text, line) => {
  expect(await mistake(ending, text)).toBe(line);
});

test.each(["FREQ=HOURLY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=WEEKLY;BYDAY=2MO", "FREQ=SOMETIMES"])(
  "a rule of %s is turned away at once",
  async (rule) => {
    const text = vevent("DTSTART:20260401T090000Z", "DURATION:PT1H", `RRULE:${rule}`);
    expect(await mistake("ics", text)).toMatch(/^F:3: .*(?:rule|BYDAY|frequency)/);
  },
);

test("10,000 events are read; one more is too many; 9 MiB are not begun", async () => {
  const row = (i: number): string =>
    `sale,${new Date(NOW_MS + i * 3_600_000).toISOString()},${new Date(NOW_MS + i * 3_600_000 + 60_000).toISOString()}`;
  const rows = Array.from({ length: 10_001 }, (_, i) => row(i));
  expect(await read("csv", ["kind,start,end", ...rows.slice(1)].join("\n"))).toHaveLength(10_000);
  const many = await mistake("csv", ["kind,start,end", ...rows].join("\n"));
  expect(many).toBe("F:10002: has more than 10000 events (keep those of the last and next year)");
  expect(await mistake("csv", "x".repeat(9 << 20))).toMatch(/^F: is over 8 MiB/);
});

test("holidays of a region, midnight to midnight on the local clock, also over daylight saving", async () => {
  const place = { country: "DE", region: "BY", timeZone: "Europe/Berlin" };
  const events = await holidayEvents(place, Date.UTC(2026, 0, 1), Date.UTC(2026, 11, 31));
  const epiphany = events.find((event) => event.id.endsWith("2026-01-06"));
  expect(epiphany).toMatchObject({
    kind: "holiday:epiphany",
    startMs: Date.parse("2026-01-05T23:00:00Z"),
    endMs: Date.parse("2026-01-06T23:00:00Z"),
  });
  const labour = events.find((event) => event.id.endsWith("2026-05-01"));
  expect(labour?.startMs).toBe(Date.parse("2026-04-30T22:00:00Z"));
  const country = await holidayEvents(
    { ...place, region: undefined },
    Date.UTC(2026, 0, 1),
    Date.UTC(2026, 11, 31),
  );
  expect(country.some((event) => event.id.endsWith("2026-01-06"))).toBe(false);
  expect(country.length).toBeGreaterThan(8);
  await expect(holidayEvents({ ...place, country: "ZZ" }, 0, 1)).rejects.toThrow(
    'events.holidays.country: no holidays are known for "ZZ" (write an ISO code such as DE)',
  );
  await expect(holidayEvents({ ...place, region: "QQ" }, 0, 1)).rejects.toThrow(
    /DE has no region "QQ" \(write one of /,
  );
});
