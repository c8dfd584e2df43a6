import { z } from "zod";
import { leadingField } from "./event-fields.ts";
import { choiceField, durationField, groupField, numberField, textField } from "./fields.ts";
import { prometheusFields } from "./prometheus-fields.ts";
import { isTimeZone, timeZoneMistake } from "./time-zones.ts";

const DAY = 86_400_000;
const FOLDER_RULE = "Relative paths start at the folder of this file.";

/** What users ask for, and where it is read. */
export const demandField = groupField({
  source: choiceField(
    "Where demand comes from: the platform's router, a CSV trace, an access log, Prometheus.",
    ["platform", "csv", "access-log", "prometheus"],
  ).prefault("platform"),
  path: textField(`File to read; with source platform, history to learn from. ${FOLDER_RULE}`).optional(),
  timeColumn: textField("Column of the time. Default: timestamp, time, date or the first column.").optional(),
  valueColumn: textField(
    "Column of the demand. Default: value, count, requests or the second column.",
  ).optional(),
  step: durationField("Grid of the demand series and of the forecast.", { min: 1000, max: DAY }).prefault(
    "5m",
  ),
  timeZone: z
    .string({ error: timeZoneMistake })
    .refine(isTimeZone, { error: timeZoneMistake })
    .describe("IANA zone whose local clock the daily and weekly rhythm follows.")
    .prefault("UTC"),
  staleAfter: durationField(
    "Demand older than this is stale: capacity is held. Default: 3 steps.",
  ).optional(),
  history: durationField("History kept for learning.").prefault("42d"),
  scale: numberField("Numbers of the source times this are requests/s (count per minute: 0.016667).", {
    min: 1e-9,
    max: 1e9,
  }).prefault(1),
  leading: leadingField.optional(),
  ...prometheusFields,
});
