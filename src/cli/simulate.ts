import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseDurationSetting } from "../config.ts";
import { DAY_MS, MINUTE_MS } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { costByTier } from "../simulate/report-costs.ts";
import { comparedAt, simulationPage, worldLine } from "../simulate/report-html.ts";
import { decisionsThatMattered, type Matter } from "../simulate/report-matters.ts";
import { timelineRows } from "../simulate/report-timeline.ts";
import { POLICIES, type Policy, type Simulation, simulate, sweptPoints } from "../simulate/simulate.ts";
import { lastDays, traceWorld } from "../simulate/world.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { figure, percent } from "./figures.ts";
import { isoTime } from "./instants.ts";
import { textOption, wantsJson, wholeOption } from "./options.ts";
import { note, print, printJson } from "./output.ts";
import { progressBar } from "./progress-bar.ts";
import { progressLine } from "./progress-line.ts";
import { readSource } from "./read-source.ts";
import { textTable } from "./text-table.ts";
import { disturbanceOptions } from "./world-options.ts";

/** Replays a trace through the controller's decisions beside the known autoscalers. */
export async function runSimulate(call: CommandCall): Promise<number> {
  const policies = policiesOption(textOption(call, "policies"));
  const leadMs = durationOption(call, "lead");
  const lastMs = durationOption(call, "last");
  const refitMs = durationOption(call, "refit");
  const source = await readSource(call, { grid: "stamps", lastMs });
  if (source === undefined) throw new UserError("simulate: name a FILE, or --prometheus URL with --query");
  const { path, series: whole, timeZone } = source;
  for (const warning of source.warnings) note(`warning: ${escapeText(warning)}`);
  const series = lastMs === undefined ? whole : lastDays(whole, lastMs / DAY_MS);
  const leadMinutes = leadMs === undefined ? undefined : leadMs / MINUTE_MS;
  const world = traceWorld(series, leadMinutes, disturbanceOptions(call, series.stepMs));
  const line = progressLine(process.stderr);
  const showsProgress = !wantsJson(call) || process.stderr.isTTY;
  const beganMs = performance.now();
  const simulation = await simulate({
    world,
    timeZone,
    policies,
    threads: wholeOption(call, "threads") ?? 1,
    warmUnits: wholeOption(call, "warm") ?? 0,
    gate: textOption(call, "gate") === "measured" ? "measured" : "off",
    ...(refitMs !== undefined && { refitMs }),
    signal: call.context.signal,
    monotonicMs: () => performance.now(),
    onProgress: (what, done, total) => {
      if (showsProgress) line.show(progressBar(what, done, total, performance.now() - beganMs));
    },
  }).finally(() => line.end());
  await writeFiles(call, simulation, source.kind === "prometheus" ? path : basename(path));
  report(call, simulation, path);
  return EXIT.done;
}

async function writeFiles(call: CommandCall, simulation: Simulation, name: string): Promise<void> {
  const emit = textOption(call, "emit");
  const html = textOption(call, "html");
  try {
    if (emit !== undefined) await emitTimelines(emit, simulation);
    if (html !== undefined) await writeFile(html, simulationPage(simulation, name));
  } catch (error) {
    const { code, path = "" } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UserError(`${path === "" ? "output" : path}: cannot be written (${code})`, EXIT.error);
  }
  if (emit !== undefined) note(`${simulation.runs.length} timelines written to ${escapeText(emit)}`);
  if (html !== undefined) note(`report written to ${escapeText(html)}`);
}

const ROWS_PER_BLOCK = 2_000;

async function emitTimelines(folder: string, { runs, world }: Simulation): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { policy, knob, timeline } of runs) {
    const file = createWriteStream(join(folder, `${policy}@${knob}.csv`));
    await pipeline(Readable.from(blocks(timelineRows(timeline, world))), file);
  }
}

function* blocks(rows: Iterable<string>): Generator<string> {
  let held: string[] = [];
  for (const row of rows) {
    held.push(row);
    if (held.length < ROWS_PER_BLOCK) continue;
    yield `${held.join("\n")}\n`;
    held = [];
  }
  if (held.length > 0) yield `${held.join("\n")}\n`;
}

function report(call: CommandCall, simulation: Simulation, path: string): void {
  const { world, comparison, timing, shown, oracleUnitHours, runs } = simulation;
  const matters = shown && decisionsThatMattered(world, shown);
  const tiers = shown && costByTier(shown.run.timeline, world);
  if (wantsJson(call)) {
    printJson("Simulation", {
      file: path,
      world: {
        stepMs: world.series.stepMs,
        leadMs: world.leadMinutes * MINUTE_MS,
        unitRps: world.unitRps,
        firstScored: isoTime(world.series.startMs + world.firstScored * world.series.stepMs),
        steps: world.demandRps.length,
        oracleUnitHours,
        ...(world.disturbances !== undefined && { disturbances: world.disturbances.settings }),
      },
      policies: sweptPoints(runs),
      comparison,
      shown: shown && { knob: shown.run.knob, hpaKnob: shown.hpa?.knob, tiers, ...matters },
      timing,
    });
    return;
  }
  print(worldLine(simulation));
  for (const row of comparison) {
    print(
      `\n${comparedAt(row)}: ${figure(row.unitHours)} unit-hours, ` +
        `${ratio(row.unitHours / oracleUnitHours)} of the oracle's`,
    );
    print(comparisonTable(row));
  }
  print(
    `\nV: share of demand beyond what ready units carry. ratios: over the hpa's, at equal unit-hours and equal V`,
  );
  if (runs.some(({ policy }) => policy === "perfect")) {
    print(
      "perfect: tiercast's rules told what comes, the bound for any forecast. gap closed: the way from hpa to it",
    );
  }
  if (shown !== undefined) printShown(simulation, shown.run.knob, tiers ?? [], matters);
  const { forecastMs, fits, decideMs, decisions, peersMs, realTimeFactor } = timing;
  print(
    `\n${figure(forecastMs / 1000)} s for forecasts (${fits} fits), ${figure(decideMs / 1000)} s for ` +
      `${decisions.toLocaleString("en-US")} decisions, ${figure(peersMs / 1000)} s for peers: ` +
      `${figure(realTimeFactor)} x real time, all knobs swept`,
  );
}

function comparisonTable(row: Simulation["comparison"][number]): string {
  const bounded = row.policies["perfect"] !== undefined;
  const rows = Object.entries(row.policies).map(([policy, compared]) => [
    policy,
    percent(compared.violationShare, 4),
    ratio(compared.violationRatio),
    ratio(compared.unitHoursRatio),
    ratio(compared.updatesPerHour),
    ...(bounded ? [share(compared.violationGapClosed), share(compared.unitHoursGapClosed)] : []),
  ]);
  return textTable(
    [
      { title: "policy" },
      { title: "V", right: true },
      { title: "V ratio", right: true },
      { title: "unit-hours ratio", right: true },
      { title: "updates/h", right: true },
      ...(bounded
        ? [
            { title: "V gap closed", right: true },
            { title: "unit-hours gap closed", right: true },
          ]
        : []),
    ],
    rows,
  );
}

function printShown(
  { shown, world }: Simulation,
  knob: string,
  tiers: ReturnType<typeof costByTier>,
  matters: ReturnType<typeof decisionsThatMattered> | undefined,
): void {
  const own = shown?.run.figures;
  print(
    `\ntiercast at ${knob}: V ${percent(own?.violationShare, 4)}, short in ${percent(own?.underShare, 2)} of steps, ` +
      `over in ${percent(own?.overShare, 1)}; ` +
      `theta_U ${percent(own?.underDegree, 3)}, theta_O ${percent(own?.overDegree, 2)}; ` +
      `cost ${figure(own?.cost)} for ${figure(own?.unitHours)} unit-hours`,
  );
  print(
    tiers
      .map(({ tier, unitHours, cost }) => `${tier} ${figure(unitHours)} unit-hours, cost ${figure(cost)}`)
      .join("; "),
  );
  const show = (title: string, list: readonly Matter[]) => {
    if (list.length > 0) print(`\n${title}`);
    for (const { hourMs, violationShare, hpaViolationShare, decision } of list) {
      const missed = `missed ${percent(violationShare, 2)}, hpa ${percent(hpaViolationShare, 2)}`;
      print(`  hour ${isoTime(hourMs).slice(0, 16)}: ${missed}`);
      const minutes = world.stepMinutes < 1 ? 19 : 16;
      print(`    decided ${isoTime(decision.atMs).slice(0, minutes)}: ${decision.why}`);
    }
  };
  show("served what the hpa missed", matters?.saved ?? []);
  show("missed what the hpa served", matters?.lost ?? []);
}

function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : "-";
}

/** Of the gap between HPA and bound; nothing is said where there is hardly one. */
function share(value: number): string {
  return Number.isFinite(value) ? percent(value, 0) : "-";
}

function policiesOption(text: string | undefined): readonly Policy[] {
  if (text === undefined) return POLICIES;
  const names = text.split(",").map((name) => name.trim());
  return names.map((name) => {
    const known = POLICIES.find((policy) => policy === name);
    if (known === undefined) throw new UserError(`--policies: "${name}" is none of ${POLICIES.join(", ")}`);
    return known;
  });
}

function durationOption(call: CommandCall, name: string) {
  const text = textOption(call, name);
  return text === undefined ? undefined : parseDurationSetting(text, `--${name}`);
}
