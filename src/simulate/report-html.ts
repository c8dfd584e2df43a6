import { formatDuration } from "../model/time.ts";
import type { ComparisonRow } from "./frontier.ts";
import { costByTier } from "./report-costs.ts";
import { decisionsThatMattered, lostAt, type Matter } from "./report-matters.ts";
import { capacityPlot, costPlot, frontierPlot } from "./report-plots.ts";
import { escapeXml } from "./report-svg.ts";
import { weekPlot } from "./report-week.ts";
import type { ShownRun, Simulation } from "./simulate.ts";

const STYLE = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5d6879;--line:#dfe3ea;--page:#fff;--tiercast:#0b6fd6;--hpa:#c2410c;
--aws:#8a6d00;--kedify:#0f766e;--crane:#7c3aed;--phpa:#be185d;--oracle:#6b7280;--perfect:#15803d;--miss:#c2410c;
--baseline:#8fb5df;
--predictive:#c5dbf2;--burst:#f2c46b;--band:#1c243030;--empty:#eef1f5}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa6b7;--line:#323b48;--page:#12161c;--tiercast:#5aa9ff;
--hpa:#fb8a4c;
--aws:#d9b938;--kedify:#3fc0b4;--crane:#b49aff;--phpa:#f47bb5;--oracle:#a3acb9;--perfect:#4ade80;--miss:#fb8a4c;
--baseline:#3d6493;--predictive:#6f9cc9;--burst:#c9973a;--band:#e6eaf030;--empty:#1d242d}}
body{margin:0 auto;max-width:1040px;padding:24px 20px 60px;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,"DejaVu Sans",sans-serif}
h1{font-size:24px;margin:0}h2{font-size:18px;margin:36px 0 4px}p{margin:4px 0 10px;color:var(--soft);max-width:80ch}
svg{width:100%;height:auto;display:block}svg text{font-size:12px;fill:var(--soft)}svg .label{fill:var(--ink)}
.grid{stroke:var(--line);fill:none}.axis{stroke:var(--soft);fill:none}.own{fill:none;stroke-width:2.5}
.peer{fill:none;stroke-width:1.5}
.baseline{fill:var(--baseline)}.predictive{fill:var(--predictive)}.burst{fill:var(--burst)}
.band{fill:var(--band)}.demand{fill:none;stroke:var(--ink);stroke-width:1.4}.cell{fill:var(--empty)}
.scroll{overflow-x:auto}@media(max-width:720px){.scroll svg{min-width:760px}}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:6px 0 14px}
th,td{padding:4px 12px 4px 0;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--soft);font-weight:600}
th:first-child,td:first-child{text-align:left}th{white-space:normal;vertical-align:bottom;max-width:8em}
ul{margin:6px 0 14px;padding-left:18px}li{margin:0 0 8px;max-width:90ch}li b{font-variant-numeric:tabular-nums}
li span{color:var(--soft)}
`;

/** The whole simulation as one page: no script, no file beside it, the same bytes for the same simulation. */
export function simulationPage(simulation: Simulation, name: string): string {
  const { world, shown } = simulation;
  const steps = world.demandRps.length;
  const shownPart =
    shown === undefined
      ? []
      : [
          section(
            `Demand against capacity, tiercast at ${shown.run.knob}`,
            `In units of ${number(world.unitRps)} each. The band is what was forecast one lead time before.`,
            capacityPlot(simulation, shown, world.firstScored, steps),
          ),
          section("The day the HPA missed most", "", worstDayPlot(simulation, shown)),
        ];
  const costs =
    shown === undefined
      ? []
      : [
          section(
            "Cumulative cost",
            "1 is a unit-hour at full price; baseline units cost 0.6. Peers have no tiers.",
            costPlot(simulation, shown) + tierTable(simulation, shown),
          ),
          section(
            "Violations by hour of the week",
            "Share of demand missed, UTC.",
            weekPlot(simulation, shown),
          ),
          section("Decisions that mattered most", "", mattersList(simulation, shown)),
        ];
  const title = `tiercast simulate: ${escapeXml(name)}`;
  const body = [
    `<h1>${title}</h1><p>${escapeXml(worldLine(simulation))}</p>`,
    ...shownPart,
    section(
      "Frontier",
      "Each policy with its knob swept. Lower left is better: less demand missed for fewer unit-hours. " +
        "perfect is tiercast's own rules told what comes: no forecast takes them below it. Gap closed is how far " +
        "a policy gets from the HPA towards it. Ratios are over the HPA's: V at equal unit-hours, " +
        "unit-hours at equal V.",
      frontierPlot(simulation) + comparisonTables(simulation.comparison),
    ),
    ...costs,
  ].join("\n");
  return (
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8">` +
    `<meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title>` +
    `<style>${STYLE}</style></head><body>\n${body}\n</body></html>\n`
  );
}

/** `, lead times spread by sigma 0.5, 2 % of updates fail (seed 1)`; nothing in the ideal world. */
function disturbanceText({ series, disturbances }: Simulation["world"]): string {
  if (disturbances === undefined) return "";
  const { leadSigma, failedUpdateShare, metricDelaySteps, lostSampleShare, seed } = disturbances.settings;
  const parts = [
    ...(leadSigma > 0 ? [`lead times spread by sigma ${leadSigma}`] : []),
    ...(failedUpdateShare > 0 ? [`${percentOf(failedUpdateShare)} of updates fail`] : []),
    ...(metricDelaySteps > 0 ? [`demand seen ${formatDuration(metricDelaySteps * series.stepMs)} late`] : []),
    ...(lostSampleShare > 0 ? [`${percentOf(lostSampleShare)} of samples lost`] : []),
  ];
  return `; ${parts.join(", ")} (seed ${seed})`;
}

/** `5m steps, lead time 10m, 16,128 scored steps, 3 missing, from 2019-05-17`: the world in a line. */
export function worldLine({ world }: Simulation): string {
  const { series, demandRps, firstScored } = world;
  const scored = demandRps.subarray(firstScored);
  const missing = scored.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0);
  const from = new Date(series.startMs + firstScored * series.stepMs).toISOString().slice(0, 16);
  return (
    `${formatDuration(series.stepMs)} steps, lead time ${formatDuration(world.leadMinutes * 60_000)}, ` +
    `a unit carries ${number(world.unitRps)}; scored are the last 40 %: ` +
    `${number(scored.length - missing)} steps from ${from} UTC, ${missing} missing` +
    disturbanceText(world)
  );
}

function section(title: string, text: string, content: string): string {
  const said = text === "" ? "" : `<p>${escapeXml(text)}</p>`;
  return `<h2>${escapeXml(title)}</h2>${said}${content}`;
}

function worstDayPlot(simulation: Simulation, shown: ShownRun): string {
  const { world } = simulation;
  const perDay = Math.round(1440 / world.stepMinutes);
  const { hpa } = shown;
  let [worst, most] = [world.firstScored, -1];
  const steps = world.demandRps.length;
  for (let from = world.firstScored; from + perDay / 2 < steps; from += Math.ceil(perDay / 4)) {
    let lost = 0;
    for (let step = from; step < Math.min(steps, from + perDay); step++)
      lost += hpa === undefined ? 0 : lostAt(world, hpa.timeline, step);
    if (lost > most) [worst, most] = [from, lost];
  }
  return capacityPlot(simulation, shown, worst, Math.min(steps, worst + perDay));
}

/** `hpa at V = 1 %`, or `1.25 x oracle` where the HPA does not get that far. */
export function comparedAt({ at }: ComparisonRow): string {
  return at.kind === "level" ? `hpa at V = ${percentOf(at.level)}` : `${at.ratio} x oracle`;
}

function comparisonTables(rows: readonly ComparisonRow[]): string {
  return rows
    .map((row) => {
      const bounded = row.policies["perfect"] !== undefined;
      const lines = Object.entries(row.policies)
        .filter(([policy]) => policy !== "oracle")
        .map(([policy, compared]) => {
          const { violationShare, violationRatio, unitHoursRatio, updatesPerHour } = compared;
          const cells = [number(violationRatio), number(unitHoursRatio), number(updatesPerHour)];
          if (bounded)
            cells.push(wholePercent(compared.violationGapClosed), wholePercent(compared.unitHoursGapClosed));
          return tableRow([policy, percentOf(violationShare), ...cells]);
        });
      const heads = ["policy", "V", "V ratio", "unit-hours ratio", "updates/h"];
      if (bounded) heads.push("V gap closed", "unit-hours gap closed");
      return `<p>${escapeXml(comparedAt(row))}, ${number(row.unitHours)} unit-hours</p>${table(heads, lines)}`;
    })
    .join("");
}

function tierTable({ world }: Simulation, shown: ShownRun): string {
  const rows = costByTier(shown.run.timeline, world).map(({ tier, unitHours, cost }) =>
    tableRow([tier, number(unitHours), number(cost)]),
  );
  return rows.length === 0 ? "" : table(["tier", "unit-hours", "cost"], rows);
}

/** A list and not a table: a sentence needs the width of a phone. */
function mattersList({ world }: Simulation, shown: ShownRun): string {
  const { saved, lost } = decisionsThatMattered(world, shown);
  const at = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
  const item = ({ hourMs, violationShare, hpaViolationShare, decision }: Matter): string => {
    const shares = `missed ${percentOf(violationShare)}, the HPA ${percentOf(hpaViolationShare)}`;
    const { atMs, beforeUnits, afterUnits, why } = decision;
    const decided = `decided ${at(atMs)}, ${beforeUnits} to ${afterUnits} units: ${why}`;
    return `<li><b>${at(hourMs)}</b> ${shares}<br><span>${escapeXml(decided)}</span></li>`;
  };
  const part = (title: string, list: readonly Matter[]) =>
    list.length === 0 ? "" : `<p>${title}</p><ul>${list.map(item).join("")}</ul>`;
  return (
    part("Hours (UTC) in which it served what the HPA missed", saved) +
    part("Hours in which it missed what the HPA served", lost)
  );
}

function table(heads: readonly string[], rows: readonly string[]): string {
  const head = heads.map((text) => `<th class="${escapeXml(text)}">${escapeXml(text)}</th>`).join("");
  return `<div class="scroll"><table><tr>${head}</tr>${rows.join("")}</table></div>`;
}

function tableRow(cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${escapeXml(cell)}</td>`).join("")}</tr>`;
}

function number(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** Shares of a gap can be far from 0 and 1: whole percents tell enough. */
function wholePercent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : "-";
}

function percentOf(share: number): string {
  return Number.isFinite(share) ? `${Number((share * 100).toPrecision(3))} %` : "-";
}
