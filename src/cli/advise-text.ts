import type { Advice, Bill, LeadAdvice, Reason } from "../simulate/advise/advice.ts";
import { count, gains, historyLine, leadTitle, VERDICT_WORDS, WAY_WORDS } from "../simulate/advise/words.ts";
import { comparedAt } from "../simulate/report-html.ts";
import type { Paint } from "./colour.ts";
import { figure, percent, usd } from "./figures.ts";
import { textTable } from "./text-table.ts";

/** The advice for people; marks: `+` for turning the forecast on, `-` against, `.` neither. */
export function adviceText(advice: Advice, name: string, paint: Paint): string {
  const blocks = [
    `${name}: ${historyLine(advice)}`,
    paint("bold", VERDICT_WORDS[advice.verdict]),
    advice.reasons.flatMap(reasonLines).join("\n"),
    ...advice.leads.map((lead) => leadText(lead, paint)),
  ];
  return blocks.filter((block) => block !== "").join("\n\n");
}

function leadText(lead: LeadAdvice, paint: Paint): string {
  const lines = [
    paint("bold", leadTitle(lead)),
    ...gains(lead).flatMap((text) => wrapped(text, "  ")),
    ...lead.reasons.flatMap(reasonLines),
  ];
  if (lead.row !== undefined) lines.push("", billTable(lead, lead.row));
  lines.push("", "  What would change this:", ...lead.changes.flatMap((text) => wrapped(text, "  * ")));
  return lines.join("\n");
}

const MARKS = { for: "+", against: "-", neither: "." } as const;

function reasonLines({ speaks, text }: Reason): readonly string[] {
  return wrapped(text, `  ${MARKS[speaks]} `);
}

const COLUMNS = 100;

/** Lines of at most 100 columns; those after the first stand under its text. */
function wrapped(text: string, first: string): readonly string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(" ")) {
    const isStart = line.length === first.length;
    if (!isStart && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = " ".repeat(first.length) + word;
    } else line += isStart ? word : ` ${word}`;
  }
  return [...lines, line];
}

function billTable({ bills }: LeadAdvice, row: NonNullable<LeadAdvice["row"]>): string {
  const hasPrices = bills.some(({ costUsd }) => costUsd !== undefined);
  const cells = (bill: Bill): readonly string[] => [
    WAY_WORDS[bill.way],
    count(bill.unitHours),
    percent(bill.violationShare, 3),
    count(bill.missed),
    ...(hasPrices ? [usd(bill.costUsd ?? Number.NaN)] : []),
  ];
  const number = (title: string) => ({ title, right: true });
  const columns = [
    { title: `30 days, ${comparedAt(row)}` },
    number("unit-hours"),
    number("missed"),
    number("requests missed"),
    ...(hasPrices ? [number("cost")] : []),
  ];
  return indented(textTable(columns, bills.map(cells)));
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}

/** What a reader must know of how the figures came about. */
export function howLine({ leads }: Advice): string {
  const [lead] = leads;
  if (lead === undefined) return "";
  const { world } = lead.simulation;
  const spentMs = leads.reduce(
    (sum, { simulation: { timing } }) => sum + timing.forecastMs + timing.decideMs,
    0,
  );
  return (
    `Simulated on the last 40 % of the history, learned from what came before each step; a unit carries ` +
    `${figure(world.unitRps)} requests/s. ${figure(spentMs / 1000)} s for forecasts and decisions.`
  );
}
