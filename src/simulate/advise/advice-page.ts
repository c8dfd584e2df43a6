import { shortDuration } from "../../model/time.ts";
import { comparedAt } from "../report-html.ts";
import { capacityPlot, frontierPlot } from "../report-plots.ts";
import { escapeXml } from "../report-svg.ts";
import { weekPlot } from "../report-week.ts";
import type { Advice, LeadAdvice, Reason } from "./advice.ts";
import { intervalPlot, profilePlot } from "./advice-plots.ts";
import { count, gains, historyLine, leadTitle, VERDICT_WORDS, WAY_WORDS } from "./words.ts";

const STYLE = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#56616f;--line:#dfe3ea;--page:#fff;--card:#f6f8fb;
--tiercast:#0b6fd6;--hpa:#c2410c;--perfect:#15803d;--oracle:#6b7280;--miss:#c2410c;--for:#15803d;--against:#b91c1c;
--baseline:#8fb5df;--predictive:#c5dbf2;--burst:#f2c46b;--band:#1c243030;--empty:#eef1f5}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#a3aebd;--line:#323b48;--page:#12161c;--card:#1a2028;
--tiercast:#5aa9ff;--hpa:#fb8a4c;--perfect:#4ade80;--oracle:#a3acb9;--miss:#fb8a4c;--for:#6cc784;--against:#ff8080;
--baseline:#3d6493;--predictive:#6f9cc9;--burst:#c9973a;--band:#e6eaf030;--empty:#1d242d}}
body{margin:0 auto;max-width:1040px;padding:24px 20px 60px;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,"DejaVu Sans",sans-serif;overflow-wrap:break-word}
h1{font-size:24px;margin:0}h2{font-size:19px;margin:40px 0 4px}h3{font-size:15px;margin:24px 0 2px}
p{margin:4px 0 10px;color:var(--soft);max-width:84ch}
.verdict{background:var(--card);border-left:5px solid var(--tiercast);padding:12px 16px;margin:16px 0;font-size:18px;
font-weight:600}.verdict.stay-reactive{border-color:var(--hpa)}.verdict.shadow{border-color:var(--oracle)}
ul{list-style:none;margin:6px 0 12px;padding:0;max-width:92ch}li{margin:3px 0;padding-left:1.4em;text-indent:-1.4em}
li b{display:inline-block;width:1.4em;text-indent:0}.for b{color:var(--for)}.against b{color:var(--against)}
svg{width:100%;height:auto;display:block}svg text{font-size:12px;fill:var(--soft)}svg .label{fill:var(--ink)}
.grid{stroke:var(--line);fill:none}.axis{stroke:var(--soft);fill:none}.own{fill:none;stroke-width:2.5}
.peer{fill:none;stroke-width:1.5}
.baseline{fill:var(--baseline)}.predictive{fill:var(--predictive)}.burst{fill:var(--burst)}
.band{fill:var(--band)}.demand{fill:none;stroke:var(--ink);stroke-width:1.4}.cell{fill:var(--empty)}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:6px 0 14px}
th,td{padding:4px 14px 4px 0;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--soft);font-weight:600}th:first-child,td:first-child{text-align:left}
pre{background:var(--card);padding:12px 16px;overflow-x:auto;font-size:13px}
`;

/** The advice as one page: no script, no file beside it. `settings` is the proposed configuration. */
export function advicePage(advice: Advice, name: string, settings: string | undefined): string {
  const title = `tiercast advise: ${escapeXml(name)}`;
  const body = [
    `<h1>${title}</h1><p>${escapeXml(historyLine(advice))}</p>`,
    `<div class="verdict ${advice.verdict}">${escapeXml(VERDICT_WORDS[advice.verdict])}</div>`,
    reasonList(advice.reasons),
    ...(advice.leads.length === 0 ? [] : [sureSection(advice.leads), rhythmSection(advice)]),
    ...advice.leads.map(leadSection),
    settingsSection(settings),
  ].join("\n");
  return (
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8">` +
    `<meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title>` +
    `<style>${STYLE}</style></head><body>\n${body}\n</body></html>\n`
  );
}

const MARKS = { for: "+", against: "−", neither: "·" } as const;

function reasonList(reasons: readonly Reason[]): string {
  const items = reasons.map(
    ({ speaks, text }) => `<li class="${speaks}"><b>${MARKS[speaks]}</b>${escapeXml(text)}</li>`,
  );
  return items.length === 0 ? "" : `<ul>${items.join("")}</ul>`;
}

function sureSection(leads: readonly LeadAdvice[]): string {
  return (
    "<h2>How sure it is</h2><p>Ratios with their 90 % intervals over scored days drawn anew. Left of 1 speaks " +
    `for the forecast; an interval that reaches 1 can be a few days' luck.</p>${intervalPlot(leads)}`
  );
}

function rhythmSection({ rhythm, timeZone }: Advice): string {
  if (rhythm.profile.some(Number.isNaN)) return "";
  const text = `Mean demand of each hour of the day (${escapeXml(timeZone)}) over the mean of all.`;
  return `<h2>Rhythm</h2><p>${text}</p>${profilePlot(rhythm.profile)}`;
}

function leadSection(lead: LeadAdvice): string {
  const { simulation, changes } = lead;
  const saved = gains(lead)
    .map((text) => `<li class="for"><b>+</b>${escapeXml(text)}</li>`)
    .join("");
  return [
    `<h2>${escapeXml(leadTitle(lead))}</h2>`,
    saved === "" ? "" : `<ul>${saved}</ul>`,
    reasonList(lead.reasons),
    billTable(lead),
    "<h3>What would change this</h3>",
    `<ul>${changes.map((text) => `<li><b>·</b>${escapeXml(text)}</li>`).join("")}</ul>`,
    "<h3>Demand missed against unit-hours</h3><p>Each policy with its knob swept. Lower left is better.</p>",
    frontierPlot(simulation),
    shownSection(lead),
  ].join("\n");
}

function billTable({ bills, row }: LeadAdvice): string {
  if (row === undefined) return "";
  const hasPrices = bills.some(({ costUsd }) => costUsd !== undefined);
  const rows = bills.map(({ way, unitHours, violationShare, missed, costUsd }) => {
    const cells = [
      WAY_WORDS[way],
      count(unitHours),
      `${(violationShare * 100).toFixed(3)} %`,
      count(missed),
      ...(hasPrices ? [Number.isFinite(costUsd) ? `$${count(costUsd ?? 0)}` : "?"] : []),
    ];
    return `<tr>${cells.map((cell) => `<td>${escapeXml(cell)}</td>`).join("")}</tr>`;
  });
  const heads = [
    `30 days, ${comparedAt(row)}`,
    "unit-hours",
    "missed",
    "requests missed",
    ...(hasPrices ? ["cost"] : []),
  ];
  const head = heads.map((text) => `<th>${escapeXml(text)}</th>`).join("");
  return `<div class="scroll"><table><tr>${head}</tr>${rows.join("")}</table></div>`;
}

/** Days drawn step by step; more would be a smear. */
const SHOWN_DAYS = 7;

function shownSection({ simulation, leadMs }: LeadAdvice): string {
  const { shown, world } = simulation;
  if (shown === undefined) return "";
  const steps = world.demandRps.length;
  const from = Math.max(world.firstScored, steps - Math.round((SHOWN_DAYS * 1440) / world.stepMinutes));
  const text =
    `The end of the history in units, tiercast at ${shown.run.knob}; the band is what was forecast ` +
    `${shortDuration(leadMs)} before.`;
  return [
    `<h3>Demand against capacity</h3><p>${escapeXml(text)}</p>${capacityPlot(simulation, shown, from, steps)}`,
    `<h3>Demand missed by hour of the week</h3><p>UTC.</p>${weekPlot(simulation, shown)}`,
  ].join("\n");
}

function settingsSection(settings: string | undefined): string {
  return settings === undefined
    ? ""
    : `<h2>Settings to begin with</h2><p>Checked by tiercast validate.</p><pre>${escapeXml(settings)}</pre>`;
}
