/**
 * Runs `tiercast simulate` on traces and prints its standing against the HPA; with a judge outside the product,
 * checks that every timeline is accepted and every figure agrees.
 *
 *     node bench/simulate.ts TRACE.csv[:LAST_DAYS] ... [--lead 15m] [--policies tiercast,hpa] [--threads 1]
 *         [--judge score.py] [--python python3]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lead: { type: "string" },
    policies: { type: "string", default: "tiercast,hpa,aws-predictive,kedify,crane,phpa,oracle" },
    threads: { type: "string", default: "1" },
    judge: { type: "string" },
    python: { type: "string", default: "python3" },
  },
});
if (positionals.length === 0) throw new Error("give at least one TRACE.csv");

interface Report {
  readonly policies: Readonly<Record<string, readonly Readonly<Record<string, number | string>>[]>>;
  readonly comparison: readonly {
    readonly at: { readonly kind: string; readonly level?: number; readonly ratio?: number };
    readonly policies: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
  }[];
  readonly timing: Readonly<Record<string, number>>;
}

/** Names of the judge's figures and ours; it says shares of steps as they are and theta in percent. */
const SAME_FIGURES: readonly (readonly [judge: string, own: string, factor: number])[] = [
  ["V", "violationShare", 1],
  ["tau_U", "underShare", 1],
  ["tau_O", "overShare", 1],
  ["theta_U", "underDegree", 100],
  ["theta_O", "overDegree", 100],
  ["updates_per_h", "updatesPerHour", 1],
  ["unit_hours", "unitHours", 1],
  ["cost", "cost", 1],
  ["oracle_ratio", "oracleRatio", 1],
];

const ratios: number[] = [];
const temp = mkdtempSync(join(tmpdir(), "tiercast-bench-"));
try {
  for (const spec of positionals) study(spec);
  if (ratios.length > 0) {
    const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
    console.log(`\ngeometric mean of ${ratios.length} V ratios: ${mean.toFixed(3)}`);
  }
} finally {
  rmSync(temp, { recursive: true });
}

function study(spec: string): void {
  const [file = "", days] = spec.split(":");
  const folder = join(temp, basename(file));
  const flags = ["--policies", args.policies, "--threads", args.threads, "--emit", folder, "-o", "json"];
  if (args.lead !== undefined) flags.push("--lead", args.lead);
  if (days !== undefined) flags.push("--last", `${days}d`);
  const tool = join(import.meta.dirname, "..", "bin", "tiercast.js");
  const text = execFileSync(process.execPath, [tool, "simulate", file, ...flags], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const report = JSON.parse(text) as Report;
  console.log(`\n${basename(spec)}: ${Math.round(report.timing["realTimeFactor"] ?? 0)} x real time`);
  for (const row of report.comparison) {
    const at = row.at.kind === "level" ? `hpa V ${row.at.level}` : `${row.at.ratio} x oracle`;
    const cells = Object.entries(row.policies).map(
      ([policy, compared]) =>
        `${policy} ${shown(compared["violationRatio"])}/${shown(compared["unitHoursRatio"])}`,
    );
    console.log(`  ${at}: ${cells.join("  ")}`);
    const own = row.policies["tiercast"]?.["violationRatio"];
    if (typeof own === "number") ratios.push(own);
  }
  if (args.judge !== undefined) judge(args.judge, file, days, folder, report);
}

function shown(value: number | null | undefined): string {
  return typeof value === "number" ? value.toFixed(3) : "-";
}

function judge(
  program: string,
  file: string,
  days: string | undefined,
  folder: string,
  report: Report,
): void {
  const out = join(temp, "verdict.json");
  const timelines = readdirSync(folder).map((name) => join(folder, name));
  const flags = ["--json", out, ...(days === undefined ? [] : ["--last-days", days])];
  if (args.lead !== undefined) flags.push("--lead", String(minutes(args.lead)));
  execFileSync(args.python, [program, file, ...timelines, ...flags], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const verdicts = JSON.parse(readFileSync(out, "utf8").replaceAll(": NaN", ": null")) as readonly {
    readonly timeline: string;
    readonly warnings: readonly string[];
    readonly figures: Readonly<Record<string, number>>;
  }[];
  let worst = 0;
  for (const { timeline, figures, warnings } of verdicts) {
    if (warnings.length > 0) console.log(`  ${timeline}: ${warnings.join("; ")}`);
    const [policy = "", knob] = timeline.slice(0, -".csv".length).split("@");
    const own = report.policies[policy]?.find((point) => point["knob"] === knob);
    for (const [name, ours, factor] of SAME_FIGURES) {
      const [theirs, mine] = [figures[name] ?? Number.NaN, Number(own?.[ours]) * factor];
      worst = Math.max(worst, Math.abs(theirs - mine) / Math.max(1e-9, Math.abs(theirs)));
    }
  }
  console.log(`  judge: ${verdicts.length} timelines accepted, figures agree to ${worst.toExponential(1)}`);
}

function minutes(text: string): number {
  const found = /^(\d+)(m|h)$/.exec(text);
  if (found === null) throw new Error(`--lead ${text}: write 15m or 1h`);
  return Number(found[1]) * (found[2] === "h" ? 60 : 1);
}
