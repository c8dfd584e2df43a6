import type { ParsedConfig } from "../config-schema.ts";
import {
  ACTIVITY_FIELDS,
  ACTIVITY_FORMATS,
  type ActivityField,
  type ActivitySettings,
} from "../model/activity.ts";
import { DAY_MS, durationMs } from "../model/time.ts";
import { type CrossCheck, rule, ruleIfGiven } from "./cross-check.ts";
import { choiceField, countField, durationField, groupField, listField, textField } from "./fields.ts";

const FOLDER_RULE = "Relative paths start at the folder of this file.";

const fieldMap = groupField(
  Object.fromEntries(
    ACTIVITY_FIELDS.map((field) => [
      field,
      textField("Name of its JSON field, dots between levels.").optional(),
    ]),
  ) as Readonly<Record<ActivityField, ReturnType<ReturnType<typeof textField>["optional"]>>>,
);

const source = groupField({
  path: textField(`Access log, plain or gzip; - is standard input. ${FOLDER_RULE}`),
  format: choiceField("Format of its lines; auto: guessed from the first lines.", ACTIVITY_FORMATS).prefault(
    "auto",
  ),
  fields: fieldMap.describe("JSON fields by meaning; what is left out has usual names.").optional(),
  follow: choiceField("yes: read on as it grows and is rotated.", ["yes", "no"]).prefault("yes"),
});

/** The group `activity`. */
export const activityField = groupField({
  sources: listField("Access logs whose requests are read one by one. Default: none.", source, 32).optional(),
  push: choiceField("on: POST /v1/activity, /v1/logs and /v1/metrics are served.", ["on", "off"]).prefault(
    "off",
  ),
  identify: groupField({
    by: listField(
      "What tells one user from another; the first that a request has.",
      choiceField("A kind.", ["account", "cookie", "address-agent", "address"]),
      4,
    ).prefault(["account", "cookie", "address-agent"]),
    cookie: textField(
      "Name of the cookie that is one user's. Default: the cookie field is one value.",
      /^[\w!#$%&'*+.^`|~-]{1,128}$/,
      "the name of a cookie",
    ).optional(),
  })
    .prefault({})
    .describe("Who sent a request."),
  privacy: groupField({
    keyFile: textField(
      `File of the pseudonyms' keys. Default: made on first use, in the state folder. ${FOLDER_RULE}`,
    ).optional(),
    keyEnv: textField(
      "Environment variable with the keys instead, newest first, commas between.",
      /^[A-Za-z_]\w{0,127}$/,
      "the name of an environment variable",
    ).optional(),
    rotate: durationField("A key older than this gets a successor.", { min: DAY_MS }).prefault("90d"),
    overlap: durationField(
      "Users of an old key are recognised for so long. Default: activity.retention.",
    ).optional(),
    k: countField("What is shown is of at least so many users.", { min: 2, max: 10_000 }).prefault(5),
    consent: listField(
      "Values of the consent field that give consent. Default: sources carry no consent, and no region is kept.",
      textField("A value."),
      16,
    ).optional(),
    withoutConsent: choiceField("A request without consent: kept under its pseudonym, or only counted.", [
      "demand-only",
      "pseudonymous",
    ]).prefault("demand-only"),
  })
    .prefault({})
    .describe("Pseudonyms, consent, and what is shown; see docs/privacy.md."),
  retention: durationField("A profile not seen for so long is deleted.").prefault("30d"),
  hosts: listField(
    "Hosts of the site, for referrers. Default: the request's own host, else the one seen most.",
    textField("A host.", /^[A-Za-z0-9.-]{1,253}$/, "a host name"),
    64,
  ).optional(),
  reorder: durationField("Requests may come out of order by so much.", { min: 0, max: 3_600_000 }).prefault(
    "30s",
  ),
  maxEndpoints: countField("Most endpoints that are told apart; the others are (other).", {
    min: 10,
    max: 100_000,
  }).prefault(2000),
}).describe("Requests of users, one by one, see docs/activity.md. Left out: none are read.");

/** Fills in what follows from other settings. */
export function completeActivity(
  { activity }: ParsedConfig,
  file: (path: string) => string,
): ActivitySettings | undefined {
  if (activity === undefined) return undefined;
  const { privacy, identify } = activity;
  return {
    sources: (activity.sources ?? []).map(({ path, format, fields = {}, follow }) => ({
      path: path === "-" ? path : file(path),
      format,
      fields: Object.fromEntries(Object.entries(fields).filter(([, name]) => name !== undefined)),
      follow: follow === "yes",
    })),
    push: activity.push === "on",
    identify: { by: identify.by, cookie: identify.cookie },
    privacy: {
      keyFile: privacy.keyFile === undefined ? undefined : file(privacy.keyFile),
      keyEnv: privacy.keyEnv,
      rotateMs: privacy.rotate,
      overlapMs: privacy.overlap ?? durationMs(activity.retention),
      k: privacy.k,
      consentValues: privacy.consent ?? [],
      withoutConsent: privacy.withoutConsent,
    },
    retentionMs: activity.retention,
    hosts: activity.hosts ?? [],
    reorderMs: activity.reorder,
    maxEndpoints: activity.maxEndpoints,
  };
}

export function activityChecks(): readonly CrossCheck[] {
  return [
    rule("activity.privacy.overlap", "activity.retention", ({ activity }) =>
      activity !== undefined && activity.privacy.overlapMs < activity.retentionMs
        ? "is shorter than activity.retention: profiles would outlive the key they are forgotten by (raise it)"
        : undefined,
    ),
    ruleIfGiven("activity.privacy.keyFile", "activity.privacy.keyEnv", ({ activity }) =>
      activity?.privacy.keyEnv === undefined ? undefined : "is not used beside keyEnv (delete one)",
    ),
    ruleIfGiven("activity.identify.cookie", "activity.identify.by", ({ activity }) =>
      activity === undefined || activity.identify.by.includes("cookie")
        ? undefined
        : "is not used: activity.identify.by has no cookie (add it, or delete this line)",
    ),
  ];
}
