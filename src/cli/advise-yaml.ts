import { dirname, relative, resolve } from "node:path";
import { formatDuration } from "../model/time.ts";
import type { Advice, Proposal } from "../simulate/advise/advice.ts";
import type { AdviseSubject } from "./advise-input.ts";
import { escapeText } from "./escape-text.ts";

export interface SettingsRequest {
  readonly advice: Advice;
  readonly proposal: Proposal;
  readonly subject: Pick<AdviseSubject, "source" | "isConfigured" | "name">;
  /** Where the text will stand: relative paths start at its folder. */
  readonly file: string;
  /** Whether the load of a unit was given, not taken from the history. */
  readonly isUnitGiven: boolean;
  readonly arePricesGiven: boolean;
}

/** The proposal as a `tiercast.yaml` that `tiercast validate` accepts. */
export function settingsYaml(request: SettingsRequest): string {
  const { advice, proposal, isUnitGiven, arePricesGiven } = request;
  const { quantile, marginFraction, pricesUsd, unitRps } = proposal;
  const under = number((quantile / (1 - quantile)) * pricesUsd.predictive);
  const unitNote = isUnitGiven ? "" : "  # a guess: the usual peak over 50 units. Put in what a unit carries";
  const priceNote = arePricesGiven ? "" : "  # not known: put in yours";
  return [
    `# Proposed by tiercast advise (${advice.verdict}) from ${comment(request.subject.name)}.`,
    "# Check it with: tiercast validate. Every setting left out has its default.",
    "service: my-service",
    "",
    ...modeLines(proposal),
    "",
    "demand:",
    ...sourceLines(request),
    `  step: ${formatDuration(proposal.stepMs)}`,
    `  timeZone: ${JSON.stringify(proposal.timeZone)}${zoneNote(advice)}`,
    "",
    "resources:",
    "  - name: requests",
    "    kind: amount",
    "    perRps: 1",
    "    idle: 0",
    `    perUnit: ${number(unitRps)}${unitNote}`,
    "    targetUtilization: 1      # the quantile below is the headroom",
    "",
    "tiers:",
    "  baseline:",
    `    minUnits: ${proposal.minBaselineUnits}`,
    `    maxUnits: ${proposal.maxBaselineUnits}`,
    `    priceUsdPerUnitHour: ${number(pricesUsd.baseline)}${priceNote}`,
    "  predictive:",
    `    priceUsdPerUnitHour: ${number(pricesUsd.predictive)}`,
    "  burst:",
    `    priceUsdPerUnitHour: ${number(pricesUsd.burst)}`,
    "",
    "limits:",
    `  maxTotalUnits: ${proposal.maxTotalUnits}           # 1.5 times the highest need seen`,
    "",
    "sizing:",
    `  # ${under} / (${under} + ${number(pricesUsd.predictive)}) is the ${quantile} quantile`,
    `  underUsdPerUnitHour: ${under}`,
    ...(marginFraction > 0 ? [`  marginFraction: ${number(marginFraction)}`] : []),
    "",
    "leadTime:",
    `  prior: ${formatDuration(proposal.leadMs)}               # until it is measured`,
    "",
  ].join("\n");
}

function modeLines({ mode }: Proposal): readonly string[] {
  switch (mode) {
    case "suggest":
      return [
        "# Watches first, and rises to suggest (a person approves) once the forecast has held for 3 days.",
        "mode: suggest",
        "promotion:",
        "  from: shadow",
        "  after: 3d",
      ];
    case "shadow":
      return ["# Plans and scores, changes nothing: its scores say when to go on.", "mode: shadow"];
    case "observe":
      return ["# Watches only: nothing in this history speaks for more.", "mode: observe"];
  }
}

function sourceLines({ subject: { source, isConfigured }, file }: SettingsRequest): readonly string[] {
  if (source === null) {
    const why = isConfigured
      ? "keep the demand source you have configured"
      : "put in where demand comes from";
    return [`  source: platform          # ${why}`];
  }
  const path = relative(dirname(resolve(file)), resolve(source.path));
  return [`  source: ${source.kind}`, `  path: ${JSON.stringify(path.replaceAll(/\p{Cc}/gu, " "))}`];
}

/** Night is taken to be quietest around 4 o'clock: a hint, never acted on. */
const QUIET_LOCAL_HOUR = 4;

function zoneNote({ timeZone, rhythm: { quietHour } }: Advice): string {
  if (timeZone !== "UTC" || quietHour === undefined) return "";
  const ahead = ((QUIET_LOCAL_HOUR - quietHour + 36) % 24) - 12;
  const offset = ahead === 0 ? "UTC" : `UTC${ahead > 0 ? "+" : "-"}${Math.abs(ahead)}`;
  return `   # quietest about ${quietHour}:00 UTC, 4:00 at ${offset}: put in your users' zone`;
}

function comment(text: string): string {
  return escapeText(text).replaceAll(/[\r\n]/g, " ");
}

/** Six digits that count: no unit is known better. */
function number(value: number): string {
  return String(Number(value.toPrecision(6)));
}
