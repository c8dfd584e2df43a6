import type { SourceFacts } from "./source.ts";

/** The reason a word is allowed somewhere is part of the table: no reason, no exception. */
interface Exception {
  readonly allow: RegExp;
  readonly where?: RegExp;
  readonly why: string;
}

interface Banned {
  readonly word: RegExp;
  readonly instead: string;
  readonly exceptions: readonly Exception[];
}

const QUEUEING: Exception = {
  allow: /^service$|service(?:Time|Ms|Rate|MedianMs)\w*/i,
  why: "the configuration's word, and queueing's",
};

/** Words for declared names (functions, types, variables, parameters, properties) and file names. */
const BANNED_NAMES: readonly Banned[] = [
  {
    word: /manager/i,
    instead: "say what it does",
    exceptions: [{ allow: /^FIELD_MANAGER$/, where: /^src\/model\/kubernetes/, why: "Kubernetes' own term" }],
  },
  { word: /handler/i, instead: "say what it does", exceptions: [] },
  { word: /helper/i, instead: "say what it does", exceptions: [] },
  {
    word: /utils?(?=$|[A-Z-])/i,
    instead: "say what it does",
    exceptions: [{ allow: /utili[sz]ation/i, why: "another word" }],
  },
  {
    word: /confidence/i,
    instead: "prediction interval",
    exceptions: [
      {
        allow: /^confidence$/,
        where: /^(?:src\/profile|src\/cli\/profile|bench\/profile)/,
        why: "association rules' own measure",
      },
    ],
  },
  {
    word: /deploy/i,
    instead: "update",
    exceptions: [
      { allow: /^deployment$/, where: /^src\/apply\//, why: "field of Pulumi's exported state" },
      {
        allow: /deployment/i,
        where: /^(?:policies|stacks\/kubernetes|src\/model\/kubernetes|test\/kubernetes)/,
        why: "the Kubernetes object",
      },
    ],
  },
  {
    word: /predictions?(?!Interval)/i,
    instead: "forecast",
    exceptions: [{ allow: /prediction-?intervals?/i, why: "the field's term" }],
  },
  {
    word: /estimat/i,
    instead: "forecast, or measure",
    exceptions: [
      {
        allow: /^estimate$/,
        where: /^src\/forecast\//,
        why: "parameters of a model are estimated: the field's term",
      },
    ],
  },
  {
    word: /[a-z]Services?(?=$|[A-Z])|^Service[A-Z]|-service$/,
    instead: "say what it does",
    exceptions: [QUEUEING],
  },
];

/** Words for comments and documents. */
const BANNED_PROSE: readonly Banned[] = [
  {
    word: /\bconfidence intervals?\b/i,
    instead: "prediction interval",
    exceptions: [{ allow: /\bnot an? (?:")?confidence interval/i, why: "it says what it is not" }],
  },
  {
    word: /\bpredictions?\b/i,
    instead: "forecast",
    exceptions: [{ allow: /\bprediction[ -]intervals?\b/i, why: "the field's term" }],
  },
  {
    word: /\bestimat(?:e|es|ed|ing|or|ors|ion)\b/i,
    instead: "forecast, or measure",
    exceptions: [
      {
        allow: /./,
        where: /^src\/forecast\/|^docs\/forecast/,
        why: "parameters of a model are estimated: the field's term",
      },
    ],
  },
  {
    word: /\bdeploy(?:s|ed|ing|ment|ments)?\b/i,
    instead: "update",
    exceptions: [{ allow: /\bDeployments?\b/, why: "Kubernetes' own noun" }],
  },
];

export function checkNames(path: string, facts: SourceFacts): readonly string[] {
  const fileName = path.split("/").at(-1) ?? path;
  const names = [{ value: fileName.replace(/\.[a-z.]+$/, ""), line: 1 }, ...facts.names];
  return names.flatMap(({ value, line }) => judge(BANNED_NAMES, value, path, line));
}

export function checkComments(path: string, facts: SourceFacts): readonly string[] {
  return facts.comments.flatMap(({ value, line }) => judge(BANNED_PROSE, value, path, line));
}

/** Documents: every line outside code blocks and inline code. */
export function checkDocument(path: string, text: string): readonly string[] {
  let inCode = false;
  return text.split("\n").flatMap((line, index) => {
    if (line.trimStart().startsWith("```")) inCode = !inCode;
    return inCode ? [] : judge(BANNED_PROSE, line.replaceAll(/`[^`]*`/g, ""), path, index + 1);
  });
}

function judge(banned: readonly Banned[], text: string, path: string, line: number): readonly string[] {
  return banned.flatMap(({ word, instead, exceptions }) => {
    let rest = text;
    for (const { allow, where } of exceptions) {
      if (where === undefined || where.test(path))
        rest = rest.replaceAll(new RegExp(allow, `${allow.flags}g`), "");
    }
    const hit = word.exec(rest);
    return hit === null ? [] : [`${path}:${line}: "${hit[0]}" in "${text.trim().slice(0, 60)}": ${instead}`];
  });
}
