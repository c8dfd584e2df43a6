import { z } from "zod";
import { absent, choiceField, durationField, groupField, textField } from "./fields.ts";

const FOLDER_RULE = "Relative paths start at the folder of this file.";
const SECRET_HEADERS = ["authorization", "cookie", "proxy-authorization", "x-api-key"];
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

const file = (description: string) => textField(`${description} ${FOLDER_RULE}`).optional();
const variable = (description: string) =>
  textField(description, VARIABLE, "the name of an environment variable").optional();

/** Does not repeat what was written: it may hold a password. */
function addressMistake({ input }: { readonly input?: unknown }): string {
  return (
    absent(input) ??
    "must be an http or https address without a name or password in it (write http://prometheus:9090)"
  );
}

/** What `source: prometheus` adds to `demand`. */
export const prometheusFields = {
  url: z
    .string({ error: addressMistake })
    .regex(/^https?:\/\/(?![^/]*@)[^\s?#]+$/, { error: addressMistake })
    .describe("Prometheus, or a store with its API: base address, for source prometheus.")
    .optional(),
  query: textField(
    "PromQL that gives one series, in requests/s; $__interval stands for the step.",
    /^[\t\n\r -~\u00a0-\uffff]{1,20000}$/,
    "PromQL",
  ).optional(),
  aggregate: choiceField("An answer of several series: none makes it an error, sum adds them.", [
    "none",
    "sum",
  ]).prefault("none"),
  partial: choiceField("An answer that the store calls partial: a gap, or kept all the same.", [
    "gap",
    "keep",
  ]).prefault("gap"),
  delay: durationField("Samples reach the store this late (remote write): newer steps are left out.", {
    min: 0,
    max: 3_600_000,
  }).prefault("0s"),
  connection: groupField({
    bearerTokenFile: file("File of a bearer token, read anew for each read."),
    bearerTokenEnv: variable("Environment variable that holds a bearer token."),
    username: textField(
      "User of basic authentication.",
      /^[ -9;-~\u00a0-\uffff]{1,256}$/,
      "a name without :",
    ).optional(),
    passwordFile: file("File of the password."),
    passwordEnv: variable("Environment variable that holds the password."),
    caFile: file("PEM file of the authorities to trust in place of the usual ones."),
    headers: z
      .record(
        textField("A header's name.", /^[\w-]{1,64}$/, "letters, digits and -"),
        textField("A header's value.", /^[ -~]{1,1024}$/, "ASCII text on one line"),
      )
      .refine(
        (headers) => !Object.keys(headers).some((name) => SECRET_HEADERS.includes(name.toLowerCase())),
        {
          error: "must not hold a secret (name it with bearerTokenFile, or username and passwordFile)",
        },
      )
      .describe("Sent with every request, e.g. X-Scope-OrgID: shop for Mimir.")
      .prefault({}),
    timeout: durationField("Time one request may take.", { min: 100, max: 600_000 }).prefault("30s"),
    deadline: durationField(
      "Time one read may take, retries included. Default: half a step, at least 10s, at most 2m.",
      { min: 100, max: 3_600_000 },
    ).optional(),
  })
    .prefault({})
    .describe("How Prometheus is reached. Secrets stay in files or variables."),
} as const;
