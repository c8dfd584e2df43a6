import { shortDuration } from "../model/time.ts";
import type { BehaviourReport } from "../profile/behaviour-report.ts";
import type { NextAccuracy } from "../profile/navigate/next-accuracy.ts";
import { escapeText } from "./escape-text.ts";
import { figure, percent } from "./figures.ts";
import { isoTime } from "./instants.ts";
import type { LogReading } from "./profile-read.ts";
import { textTable } from "./text-table.ts";

/** A profile for the terminal: a screen or two, the rest is in `-o json` and `-o html`. */
export function profileLines(report: BehaviourReport, { name }: LogReading): readonly string[] {
  const { navigation, bots, clustering, prefetch } = report;
  const lines = [
    `${escapeText(name)}: ${headLine(report)}`,
    "",
    segmentTable(report),
    "",
    `Bots by behaviour alone, against robots.txt and user agents: ${botLine(bots.score)}`,
    clustering === undefined ? "Clusters: too few users" : `Clusters: ${clusterLine(clustering)}`,
    "",
    `Next step, learned from ${navigation.learnedSessions} sessions, ` +
      `scored on the ${navigation.heldOutSessions} after them:`,
    accuracyTable(navigation.accuracy),
    `Sequence model: ${navigation.sequenceModel}`,
    "",
    `Latency: ${latencyLine(report)}`,
    `Prefetch: ${prefetch.items.length} follow-ups, ${figure(prefetch.expectedHits)} hits and ` +
      `${figure(prefetch.spentBytes)} bytes an hour`,
    `Suspicious: ${securityLine(report)}`,
    "",
    "Workflows:",
    ...report.workflows.slice(0, 8).map(({ steps, sessions }) => {
      return `  ${sessions} sessions  ${steps.map(escapeText).join(" > ")}`;
    }),
  ];
  return lines;
}

export function headLine({ requests, users, sessions, fromMs, toMs }: BehaviourReport): string {
  return (
    `${requests.toLocaleString("en-US")} requests of about ${users.count.toLocaleString("en-US")} users ` +
    `(+-${percent(users.errorShare, 1)}) in ${sessions.count.toLocaleString("en-US")} sessions, ` +
    `${isoTime(fromMs)} to ${isoTime(toMs)}; ${figure(sessions.stepsMean)} steps a session, ` +
    `mean length ${shortDuration(sessions.lengthMeanMs)}`
  );
}

function segmentTable({ segments }: BehaviourReport): string {
  return textTable(
    [
      { title: "segment" },
      ...["users", "share", "requests", "sessions/user", "steps/session", "assets", "errors"].map((title) => {
        return { title, right: true };
      }),
    ],
    segments.map((segment) => [
      segment.segment,
      String(segment.users),
      percent(segment.share, 1),
      percent(segment.requestShare, 1),
      figure(segment.sessionsPerUser),
      figure(segment.stepsPerSession),
      percent(segment.assetShare),
      percent(segment.errorShare),
    ]),
  );
}

export function botLine({ precision, recall, labelled, users }: BehaviourReport["bots"]["score"]): string {
  if (labelled === 0) return "nobody is labelled";
  return `precision ${percent(precision)}, recall ${percent(recall)} (${labelled} of ${users} users labelled)`;
}

function clusterLine({
  clusters,
  stability,
  silhouette,
}: NonNullable<BehaviourReport["clustering"]>): string {
  const names = clusters.map(({ name, share }) => `${name} ${percent(share)}`).join("; ");
  return `${names} (stability ${figure(stability)}, silhouette ${figure(silhouette)})`;
}

function accuracyTable(list: readonly NextAccuracy[]): string {
  const titles = ["top-1", "top-3", "against first order"];
  return textTable(
    [{ title: "ranking" }, ...titles.map((title) => ({ title, right: true }))],
    list.map(({ name, top1, top3, top3Gain, top3GainError }) => [
      name,
      percent(top1, 1),
      percent(top3, 1),
      name === "first-order" ? "-" : `${percent(top3Gain, 1)} +- ${percent(top3GainError, 1)}`,
    ]),
  );
}

export function latencyLine({ latency }: BehaviourReport): string {
  if (latency.kind === "cannot-tell") return `cannot tell: ${latency.reason}`;
  return (
    `people leave above ${shortDuration(latency.thresholdMs)} (${shortDuration(latency.lowerMs)} to ` +
    `${shortDuration(latency.upperMs)}): odds ${figure(latency.oddsRatio)} (${figure(latency.oddsLower)} to ` +
    `${figure(latency.oddsUpper)}), p = ${latency.pValue.toFixed(3)}`
  );
}

export function securityLine({ security }: BehaviourReport): string {
  const { demand, signals, byKind } = security;
  if (signals.length === 0) return "nothing";
  const kinds = Object.entries(byKind).map(([kind, count]) => `${kind} ${count}`);
  return (
    `${signals.length} signals (requests: ${kinds.join(", ")}); policy ${demand.policy} leaves ` +
    `${demand.excluded} of ${demand.requests} requests out of demand`
  );
}
