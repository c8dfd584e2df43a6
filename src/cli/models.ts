import { createForecastEngine } from "../forecast/engine/engine.ts";
import { learnedFile } from "../journal/learned-file.ts";
import type { MemberReport, VersionReport } from "../model/forecast.ts";
import type { Settings } from "../model/settings.ts";
import { shortDuration } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { figure, percent } from "./figures.ts";
import { isoTime } from "./instants.ts";
import { openSettings } from "./open-settings.ts";
import { wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";
import { textTable } from "./text-table.ts";

/** The members of the service's ensemble: weights, scores, fits, cost, and why one is out. */
export async function runModels(call: CommandCall): Promise<number> {
  const { settings } = await openSettings(call);
  const reports = await keptReports(settings);
  if (wantsJson(call)) {
    printJson("Models", { service: settings.service, horizonsMs: settings.horizons, members: reports });
    return EXIT.done;
  }
  print(modelLines(settings, reports).join("\n"));
  return EXIT.done;
}

/** What the daemon kept on disk, at most five minutes old. */
async function keptReports(settings: Settings): Promise<readonly MemberReport[]> {
  const { service, horizons } = settings;
  const engine = createForecastEngine({
    settings: settings.forecast,
    timeZone: settings.demand.timeZone,
    horizons,
    threads: 1,
  });
  try {
    const kept = learnedFile(settings.state.folder, service);
    const bytes = kept.read();
    if (bytes === undefined) {
      throw new UserError(`nothing is learned about ${service} yet: run \`tiercast once\``, EXIT.error);
    }
    const reports = engine.importLearned(service, bytes) ? engine.describe(service) : undefined;
    if (reports !== undefined) return reports;
    const problem = "was written by another version or is damaged";
    throw new UserError(`${kept.file} ${problem}: the next forecast learns again`, EXIT.error);
  } finally {
    await engine.close();
  }
}

function modelLines({ service, horizons }: Settings, reports: readonly MemberReport[]): readonly string[] {
  const shown = shownHorizons(horizons);
  const inPlay = reports.filter((report) => report.outReason === undefined);
  const sorted = inPlay.toSorted((a, b) => sum(b.weights) - sum(a.weights));
  const rows = sorted.map((report) => [
    escapeText(report.name),
    ...shown.map((h) => percent(report.weights[h] ?? 0)),
    ...shown.map((h) => ratioText(report.lossRatio[h])),
    report.lastFitMs === undefined ? "-" : isoTime(report.lastFitMs),
    `${figure(report.fitCostMs)} ms`,
    versionText(report.current, report.previous),
  ]);
  const names = shown.map((h) => shortDuration(horizons[h] ?? 0));
  const out = reports.filter((report) => report.outReason !== undefined);
  return [
    `${escapeText(service)}: ${inPlay.length} members in, ${out.length} out`,
    "",
    textTable(
      [
        { title: "member" },
        ...names.map((name) => ({ title: `weight ${name}`, right: true })),
        ...names.map((name) => ({ title: `loss ${name}`, right: true })),
        { title: "last fit" },
        { title: "cost", right: true },
        { title: "version" },
      ],
      rows,
    ),
    "",
    "loss: quantile loss over that of the naive forecast, below 1 is better; version: its loss, and the one before",
    ...out.map(
      ({ name, outReason = "", nextFitMs }) =>
        `out: ${escapeText(name)}: ${escapeText(outReason)}, tried again at ${isoTime(nextFitMs)}`,
    ),
  ];
}

/** The shortest, the middle and the longest: more columns do not fit a terminal. */
function shownHorizons(horizons: readonly number[]): readonly number[] {
  const last = horizons.length - 1;
  return [...new Set([0, Math.floor(last / 2), last])];
}

function versionText(current: VersionReport, previous: VersionReport | undefined): string {
  const before = previous === undefined ? "" : ` (v${previous.version} ${ratioText(previous.lossRatio)})`;
  return `v${current.version} ${ratioText(current.lossRatio)}${before}`;
}

function ratioText(ratio: number | undefined): string {
  return ratio === undefined ? "-" : ratio.toFixed(2);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
