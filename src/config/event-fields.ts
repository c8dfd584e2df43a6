import { z } from "zod";
import { KNOWN_BEFORE_MS, readEvent, zonedInstant } from "../model/scheduled-event.ts";
import { absent, groupField, listField, numberField, textField } from "./fields.ts";
import { shown } from "./problem.ts";

const FOLDER_RULE = "Relative paths start at the folder of this file.";

/** An instant, written with its zone, read into epoch milliseconds. */
function instantField(description: string) {
  const error = ({ input }: { readonly input?: unknown }): string =>
    absent(input) ?? `must be a time with a zone, not ${shown(input)} (write 2026-11-27T09:00:00+01:00)`;
  return z
    .string({ error })
    .refine((text) => !Number.isNaN(zonedInstant(text)), { error })
    .transform(zonedInstant)
    .describe(description);
}

const planned = groupField({
  id: textField("Its own name. Default: kind and start.").optional(),
  kind: textField("What it is, e.g. sale: events of one kind are taken to have one effect."),
  start: instantField("When it begins."),
  end: instantField("When it is over."),
  lift: numberField("Factor on demand that is expected, until it was seen; 2 doubles it.", {
    min: 0.01,
    max: 50,
  }).optional(),
  announced: instantField("From when on it was known. Default: a week before its start.").optional(),
}).transform((fields, context) => {
  const reading = readEvent({
    id: fields.id,
    kind: fields.kind,
    startMs: fields.start,
    endMs: fields.end,
    lift: fields.lift,
    announcedMs: fields.announced ?? fields.start - KNOWN_BEFORE_MS,
  });
  if (reading.kind === "event") return reading.event;
  context.addIssue({ code: "custom", message: `${reading.what} (${reading.fix})` });
  return z.NEVER;
});

export const eventsField = groupField({
  files: listField(
    "Files of events: CSV, JSON, YAML or iCalendar, told by the ending.",
    textField(`A file of events. ${FOLDER_RULE}`),
    32,
  ).optional(),
  holidays: groupField({
    country: textField("ISO 3166 code of the country.", /^[A-Z]{2}$/, "two capital letters such as DE"),
    region: textField(
      "Code of the state or region.",
      /^[A-Za-z0-9-]{1,10}$/,
      "a code of letters and digits such as BY",
    ).optional(),
  })
    .describe("Public holidays, taken for Sundays until they were seen. Default: none.")
    .optional(),
  planned: listField("Events written here.", planned, 1000).optional(),
});

export const leadingField = listField(
  "Series that go before demand, e.g. sessions before requests. Default: none.",
  groupField({
    name: textField("Name of the series.", /^[a-z][a-z0-9-]{0,39}$/, "a name of a-z, 0-9 and -"),
    path: textField(`CSV file of it. ${FOLDER_RULE}`),
    timeColumn: textField("Column of the time.").optional(),
    valueColumn: textField("Column of the values.").optional(),
  }),
  8,
);
