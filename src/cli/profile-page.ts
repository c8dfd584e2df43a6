import type { BehaviourReport } from "../profile/behaviour-report.ts";
import { escapeXml, linear, pixel } from "../simulate/report-svg.ts";
import { figure, percent } from "./figures.ts";
import type { LogReading } from "./profile-read.ts";
import { botLine, headLine, latencyLine, securityLine } from "./profile-text.ts";
import { STYLE } from "./report/colours.ts";
import { axes, type Key, line, PANEL, panel } from "./report/panel.ts";

/** A profile as one page: no script, no file beside it, the same bytes for the same logs. Names nobody. */
export function profilePage(report: BehaviourReport, { name, timeZone }: LogReading): string {
  const title = `tiercast profile: ${escapeXml(name)}`;
  const summary = [
    headLine(report),
    `Bots by behaviour alone, against robots.txt and user agents: ${botLine(report.bots.score)}.`,
    `Latency: ${latencyLine(report)}.`,
    `Suspicious: ${securityLine(report)}.`,
  ];
  const body = [
    `<h1>${title}</h1>`,
    `<div class="summary">${summary.map((text) => `<p>${escapeXml(text)}</p>`).join("")}</div>`,
    section(
      "Segments",
      "",
      segmentTable(report) + panels([rhythmPanel(report, timeZone), clusterPanel(report)]),
    ),
    section("Clusters", clusterText(report), clusterTable(report)),
    section("Next step", nextText(report), accuracyTable(report) + panels([accuracyPanel(report)])),
    section("Leaving by response time", latencyLine(report), panels(hazardPanel(report))),
    section("Workflows", "Steps that many sessions take one after the other.", workflowTable(report)),
    section(
      "Together",
      "Endpoints in the same session. Lift: times more often than by chance.",
      togetherTable(report),
    ),
    section("Prefetch", prefetchText(report), prefetchTable(report)),
    section("Security signals", securityLine(report), signalTable(report)),
  ].join("\n");
  return (
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8">` +
    `<meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title>` +
    `<style>${STYLE}td.path{white-space:normal;overflow-wrap:anywhere;text-align:left;min-width:9em}</style>` +
    `</head><body>\n${body}\n</body></html>`
  );
}

const COLOURS: Readonly<Record<string, string>> = {
  power: "var(--m2)",
  casual: "var(--own)",
  bot: "var(--m0)",
};

function rhythmPanel({ segments }: BehaviourReport, timeZone: string): string {
  const highest = Math.max(0.05, ...segments.flatMap(({ hours }) => hours));
  const x = linear(0, 23, PANEL.left, PANEL.width - PANEL.right);
  const y = linear(0, highest, PANEL.height - PANEL.bottom, PANEL.top);
  const curves = segments.map(({ segment, hours }) =>
    line(
      hours.map((share, hour) => [x(hour), y(share)] as const),
      COLOURS[segment] ?? "var(--soft)",
      "own",
    ),
  );
  const keys = segments.map(({ segment }): Key => {
    return { text: segment, mark: "line", colour: COLOURS[segment] ?? "var(--soft)" };
  });
  const xTicks = [0, 4, 8, 12, 16, 20].map((at) => ({ at, label: `${at}:00` }));
  const yTicks = [0, highest / 2, highest].map((at) => ({ at, label: percent(at, 1) }));
  const frame = axes(
    { scale: x, ticks: xTicks, title: `hour (${timeZone})` },
    { scale: y, ticks: yTicks, title: "share of the segment's requests" },
  );
  return panel({ title: "Rhythm", keys, content: frame + curves.join("") });
}

function clusterPanel({ clustering }: BehaviourReport): string {
  const bars = (clustering?.clusters ?? []).map(({ name, share }) => ({ name, share }));
  return panel({ title: "Users by cluster", content: barsOf(bars) });
}

function accuracyPanel({ navigation }: BehaviourReport): string {
  const bars = navigation.accuracy.map(({ name, top3 }) => ({ name, share: top3 }));
  return panel({ title: "Top-3 accuracy on held-out sessions", content: barsOf(bars) });
}

/** Horizontal bars with their name above and their share at the end. */
function barsOf(bars: readonly { readonly name: string; readonly share: number }[]): string {
  const width = linear(0, 1, 0, PANEL.width - PANEL.right - 60);
  const height = Math.min(40, (PANEL.height - 10) / Math.max(1, bars.length));
  return bars
    .map(({ name, share }, i) => {
      const top = 6 + i * height;
      const length = Number.isFinite(share) ? width(share) : 0;
      return (
        `<text class="label" x="4" y="${pixel(top + 10)}">${escapeXml(name)}</text>` +
        `<rect x="4" y="${pixel(top + 14)}" width="${pixel(length)}" height="${pixel(height - 20)}" ` +
        `fill="var(--inner)"/>` +
        `<text x="${pixel(length + 10)}" y="${pixel(top + height - 7)}">${percent(share, 1)}</text>`
      );
    })
    .join("");
}

/** Share that left by response time, beside what is usual for the same endpoints and depths. */
function hazardPanel({ latency }: BehaviourReport): readonly string[] {
  const points = latency.curve.filter(({ requests }) => requests >= 20);
  if (points.length < 2) return [];
  const highest = Math.max(...points.flatMap(({ left, expected }) => [left, expected]));
  const x = linear(0, points.length - 1, PANEL.left, PANEL.width - PANEL.right);
  const y = linear(0, highest, PANEL.height - PANEL.bottom, PANEL.top);
  const xTicks = points.map(({ toMs }, i) => ({
    at: i,
    label: toMs < 1_000 ? `${Math.round(toMs)}ms` : `${figure(toMs / 1_000)}s`,
  }));
  const frame = axes(
    { scale: x, ticks: xTicks, title: "response time, up to" },
    {
      scale: y,
      ticks: [0, highest / 2, highest].map((at) => ({ at, label: percent(at) })),
      title: "left after it",
    },
  );
  const observed = line(
    points.map(({ left }, i) => [x(i), y(left)] as const),
    "var(--own)",
    "own",
  );
  const matched = line(
    points.map(({ expected }, i) => [x(i), y(expected)] as const),
    "var(--soft)",
    "dashed",
  );
  const keys: readonly Key[] = [
    { text: "left", mark: "line", colour: "var(--own)" },
    { text: "usual for the same endpoints and depths", mark: "dash", colour: "var(--soft)" },
  ];
  return [panel({ title: "Leaving", keys, content: frame + matched + observed })];
}

function segmentTable({ segments }: BehaviourReport): string {
  const heads = [
    "segment",
    "users",
    "share",
    "requests",
    "sessions/user",
    "steps/session",
    "assets",
    "errors",
  ];
  return table(
    heads,
    segments.map((one) => [
      one.segment,
      String(one.users),
      percent(one.share, 1),
      percent(one.requestShare, 1),
      figure(one.sessionsPerUser),
      figure(one.stepsPerSession),
      percent(one.assetShare),
      percent(one.errorShare),
    ]),
  );
}

function clusterText({ clustering }: BehaviourReport): string {
  if (clustering === undefined) return "Fewer than 30 users with three requests: nothing to cluster.";
  const { silhouette, stability, density } = clustering;
  return (
    `K-Means, k by silhouette (${figure(silhouette)}) and stability under resampling ` +
    `(adjusted Rand ${figure(stability)}). ` +
    `DBSCAN finds ${density.clusters} and ${percent(density.noiseShare)} noise; agreement ${figure(density.agreement)}.`
  );
}

function clusterTable({ clustering }: BehaviourReport): string {
  const rows = (clustering?.clusters ?? []).map(({ name, share, traits }) => [
    name,
    percent(share, 1),
    traits
      .map(({ feature, deviation }) => `${feature} ${deviation > 0 ? "+" : ""}${figure(deviation)}`)
      .join(", "),
  ]);
  return rows.length === 0 ? "" : table(["cluster", "users", "deviations from all users"], rows);
}

function nextText({ navigation }: BehaviourReport): string {
  const { learnedSessions, heldOutSessions, contexts, sequenceModel } = navigation;
  return (
    `Learned from ${learnedSessions} sessions (${contexts} contexts), scored on the ${heldOutSessions} after them. ` +
    `Sequence model: ${sequenceModel}. Gains are in top-3, against the first-order chain, with their standard error.`
  );
}

function accuracyTable({ navigation }: BehaviourReport): string {
  return table(
    ["ranking", "steps", "top-1", "top-3", "gain", "top-3 without repeats"],
    navigation.accuracy.map(({ name, steps, top1, top3, top3Gain, top3GainError }, i) => [
      name,
      String(steps),
      percent(top1, 1),
      percent(top3, 1),
      `${percent(top3Gain, 1)} +- ${percent(top3GainError, 1)}`,
      percent(navigation.accuracyWithoutRepeats[i]?.top3, 1),
    ]),
  );
}

function workflowTable({ workflows }: BehaviourReport): string {
  const rows = workflows.map(({ steps, sessions, share }) => [
    steps.join(" > "),
    String(sessions),
    percent(share, 1),
  ]);
  return table(["steps", "sessions", "share"], rows, true);
}

function togetherTable({ associations }: BehaviourReport): string {
  const rows = associations
    .slice(0, 20)
    .map(({ first, second, support, confidence, lift }) => [
      `${first} + ${second}`,
      percent(support, 1),
      percent(confidence),
      figure(lift),
    ]);
  return table(["endpoints", "support", "confidence", "lift"], rows, true);
}

function prefetchText({ prefetch }: BehaviourReport): string {
  const { items, expectedHits, spentBytes, budgetBytes, unknownSizes } = prefetch;
  return (
    `${items.length} follow-ups, ${figure(expectedHits)} hits an hour for ${figure(spentBytes)} of ` +
    `${figure(budgetBytes)} bytes; ${unknownSizes} endpoints of unknown size left out.`
  );
}

function prefetchTable({ prefetch }: BehaviourReport): string {
  const rows = prefetch.items
    .slice(0, 25)
    .map((item) => [
      `${item.after} > ${item.endpoint}`,
      percent(item.share),
      `${figure(item.withinMs / 1_000)} s`,
      figure(item.bytes),
      figure(item.expectedHits),
    ]);
  return table(["after > fetch", "probability", "within", "bytes", "hits/h"], rows, true);
}

function signalTable({ security }: BehaviourReport): string {
  const rows = security.signals.slice(-25).map(({ kind, fromMs, users, requests, why }) => {
    return [`${kind}: ${why}`, new Date(fromMs).toISOString().slice(0, 16), String(users), String(requests)];
  });
  return rows.length === 0 ? "" : table(["signal", "from (UTC)", "users", "requests"], rows, true);
}

function section(title: string, text: string, content: string): string {
  const said = text === "" ? "" : `<p>${escapeXml(text)}</p>`;
  return `<section><h2>${escapeXml(title)}</h2>${said}${content}</section>`;
}

function panels(list: readonly string[]): string {
  return `<div class="panels">${list.join("\n")}</div>`;
}

/** `wraps`: the first column holds paths, which may be longer than a page is wide. */
function table(heads: readonly string[], rows: readonly (readonly string[])[], wraps = false): string {
  const head = heads.map((text) => `<th>${escapeXml(text)}</th>`).join("");
  const cell = (text: string, i: number): string =>
    `<td${wraps && i === 0 ? ' class="path"' : ""}>${escapeXml(text)}</td>`;
  const body = rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("");
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}
