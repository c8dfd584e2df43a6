import { z } from "zod";
import type { PrewarmAction } from "../model/prewarm.ts";
import {
  countField,
  durationField,
  groupField,
  listField,
  numberField,
  priceField,
  quantileField,
  textField,
} from "./fields.ts";

const FOLDER_RULE = "Relative paths start at the folder of this file.";

function nameField(description: string) {
  return textField(description, /^[a-z][a-z0-9-]{0,39}$/, "a name of a-z, 0-9 and -");
}

function hexField(description: string) {
  return textField(
    description,
    /^(?:[0-9a-fA-F]{2}){1,4096}$/,
    "bytes as hexadecimal digits such as 50494e47",
  );
}

const kind = groupField({
  name: nameField("Name of the kind, e.g. connections."),
  perUnit: numberField("Pieces a unit keeps in use. Either this or perRps.", {
    min: 0,
    max: 10_000,
  }).optional(),
  perRps: numberField("Pieces in use per request/s. Either this or perUnit.", {
    min: 0,
    max: 10_000,
  }).optional(),
  minCount: countField("Held at all times.", { max: 1_000 }).prefault(0),
  maxCount: countField("Most of them.", { max: 1_000 }),
  priceUsdPerHour: priceField("Price of a piece for an hour."),
  underUsdPerHour: priceField("Cost of one missing for an hour. Default: 19 times the price.").optional(),
  expiry: durationField("Those beyond minCount are given back after this.").prefault("30m"),
  quantile: quantileField("Forecast quantile they cover.").prefault(0.95),
  target: textField(
    "Server they are connected to, HOST:PORT.",
    /^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]{1,253}):\d{1,5}$/,
    "HOST:PORT such as 127.0.0.1:5432",
  ),
  connectTimeout: durationField("A connection not open within this is given up.", { max: 600_000 }).prefault(
    "5s",
  ),
  hello: groupField({
    sendHex: hexField("Bytes that are said first. They are stored and shown: no password."),
    untilHex: hexField("What the answer contains when the connection is ready."),
  })
    .describe("Greeting of a new connection. Default: none, ready once it is open.")
    .optional(),
}).transform((fields, context) => {
  const { perUnit, perRps } = fields;
  if ((perUnit === undefined) === (perRps === undefined)) {
    context.addIssue({ code: "custom", message: "needs either perUnit or perRps (write one)" });
    return z.NEVER;
  }
  return fields;
});

/** Warm pieces of other kinds than units. */
export const warmKindsField = listField(
  "Warm pieces of other kinds than units: open database connections. Default: none.",
  kind,
  16,
);

const task = groupField({
  name: nameField("Name of the task."),
  webhook: textField(
    "Address that gets a POST with what to prepare, as JSON. Either this or command.",
    /^https?:\/\/(?!\S*:\S*@)\S+$/,
    "an http:// or https:// address without a password in it",
  ).optional(),
  tokenFile: textField(`File with the webhook's bearer token, read at each call. ${FOLDER_RULE}`).optional(),
  command: listField(
    "Program and its arguments, run without a shell; what to prepare is its input, as JSON. Either this or webhook.",
    textField("A word of it."),
    64,
  ).optional(),
  lead: durationField("To be done this long before the peak.", { min: 0 }).prefault("30m"),
  perUnit: numberField("Pieces to prepare for each unit to come.", { min: 0, max: 10_000 }).prefault(1),
  timeout: durationField("Wall time of one try; the cycle waits for it.", { min: 100, max: 60_000 }).prefault(
    "10s",
  ),
}).transform((fields, context) => {
  const { webhook, command, tokenFile, ...rest } = fields;
  const wrong = actionMistake(webhook !== undefined, command !== undefined, tokenFile !== undefined);
  if (wrong !== undefined) {
    context.addIssue({ code: "custom", message: wrong });
    return z.NEVER;
  }
  const action: PrewarmAction =
    webhook === undefined
      ? { kind: "command", argv: command ?? [] }
      : { kind: "webhook", url: webhook, tokenFile };
  return { ...rest, action };
});

function actionMistake(webhook: boolean, command: boolean, token: boolean): string | undefined {
  if (webhook === command) return "needs either webhook or command (write one)";
  return token && command ? "has a tokenFile without a webhook (delete it)" : undefined;
}

/** What is prepared in off-peak hours for the next peak. */
export const prewarmField = groupField({
  tasks: listField("What is to be prepared, each once for a peak.", task, 16),
  quantile: quantileField("Forecast quantile whose peak is prepared for.").prefault(0.9),
  minRiseFraction: numberField("Units must rise by this share of the peak to be worth it.", {
    min: 0.01,
    max: 1,
  }).prefault(0.5),
  maxAttempts: countField("Tries of a task, as long as its time lasts.", { min: 1, max: 10 }).prefault(3),
}).describe("Off-peak preparation for the next peak. Default: none.");
