import { writeFileSync } from "node:fs";
import { describeMachine, type Machine, machineLine } from "./machine.ts";

/** A figure that was promised, and what came out. */
export interface Check {
  readonly what: string;
  readonly measured: string;
  readonly bar: string;
  readonly met: boolean;
}

export interface Report {
  readonly bench: string;
  /** ISO 8601, when the measurement began. */
  readonly startedAt: string;
  readonly machine: Machine;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly checks: readonly Check[];
  /** Everything measured, for `--json`. */
  readonly samples: unknown;
}

/** Machine and start are read before the work, so that the load shown is not the bench's own. */
export function startReport(bench: string): Pick<Report, "bench" | "startedAt" | "machine"> {
  return { bench, startedAt: new Date().toISOString(), machine: describeMachine() };
}

/** Prints the report as Markdown, writes it to `jsonFile`, and makes a missed bar the exit code. */
export function finishReport(report: Report, jsonFile: string | undefined): void {
  console.log(reportText(report));
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(report, undefined, 2)}\n`);
  if (report.checks.some((check) => !check.met)) process.exitCode = 1;
}

export function reportText(report: Report): string {
  const checks = report.checks.map(({ what, measured, bar, met }) => [
    what,
    measured,
    bar,
    met ? "met" : "MISSED",
  ]);
  return [
    `${report.bench}, ${report.startedAt}`,
    `Machine: ${machineLine(report.machine)}`,
    "",
    markdownTable(report.header, report.rows),
    "",
    markdownTable(["figure", "measured", "bar", ""], checks),
  ].join("\n");
}

export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(header), rule, ...rows.map(line)].join("\n");
}
