import { expect, test } from "vitest";
import { settingsFromText } from "../../src/config.ts";

const read = (text: string) =>
  settingsFromText(`service: x\n${text}`, "/etc/t.yaml", { HOME: "/home/ann" }).settings;

function problem(text: string): string {
  try {
    read(text);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the configuration was accepted");
}

test("nothing said: no events, no holidays, no leading series", () => {
  const settings = read("");
  expect(settings.events).toEqual({ files: [], holidays: undefined, planned: [] });
  expect(settings.leading).toEqual([]);
});

test("files and leading series are found from the configuration's folder; planned events are instants", () => {
  const settings = read(
    [
      "events:",
      "  files: [sales.ics, ~/more.csv]",
      "  holidays: {country: DE, region: BY}",
      "  planned:",
      "    - {kind: sale, start: 2026-11-27T09:00:00+01:00, end: 2026-11-27T10:00:00+01:00, lift: 2}",
      "demand: {leading: [{name: sessions, path: sessions.csv, valueColumn: n}]}",
    ].join("\n"),
  );
  expect(settings.events.files).toEqual(["/etc/sales.ics", "/home/ann/more.csv"]);
  expect(settings.events.holidays).toEqual({ country: "DE", region: "BY" });
  expect(settings.events.planned).toEqual([
    {
      id: "sale 2026-11-27T08:00:00Z",
      kind: "sale",
      startMs: Date.parse("2026-11-27T08:00:00Z"),
      endMs: Date.parse("2026-11-27T09:00:00Z"),
      lift: 2,
      announcedMs: Date.parse("2026-11-20T08:00:00Z"),
    },
  ]);
  expect(settings.leading).toEqual([
    { name: "sessions", path: "/etc/sessions.csv", valueColumn: "n", timeColumn: undefined },
  ]);
});

const SALE = "kind: sale, start: 2026-11-27T09:00:00Z";

test.each([
  [
    `events: {planned: [{${SALE}, end: 2026-11-27T08:00:00Z}]}`,
    /events\.planned\[0\]: end .* is not after start/,
  ],
  [`events: {planned: [{${SALE}, end: 2026-11-27 10:00}]}`, /planned\[0\]\.end: must be a time with a zone/],
  [
    `events: {planned: [{${SALE}, end: 2026-02-30T10:00:00Z}]}`,
    /planned\[0\]\.end: must be a time with a zone/,
  ],
  [
    `events: {planned: [{${SALE}, end: 2026-11-27T10:00:00Z, lift: 0}]}`,
    /lift: must be a number from 0\.01 to 50/,
  ],
  [
    "events: {holidays: {country: Germany}}",
    /country: must be two capital letters such as DE, not "Germany"/,
  ],
  ["events: {files: sales.csv}", /events\.files: must be a list, not "sales\.csv"/],
  ["events: {file: [a.csv]}", /events\.file: is no setting \(did you mean files\?\)/],
  ["demand: {leading: [{name: sessions}]}", /demand\.leading\[0\]\.path: is missing/],
])("%s is refused in one line", (text, expected) => {
  const found = problem(text);
  expect(found).toMatch(expected);
  expect(found).not.toContain("\n");
});
