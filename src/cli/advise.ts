import { writeFile } from "node:fs/promises";
import { processEnvironment } from "../config.ts";
import { UserError } from "../model/user-error.ts";
import type { Advice, LeadAdvice } from "../simulate/advise/advice.ts";
import { advicePage } from "../simulate/advise/advice-page.ts";
import { advise } from "../simulate/advise/advise.ts";
import { type AdviseSubject, advisedPart, adviseSubject } from "./advise-input.ts";
import { durationOption, pricesOption, unitOption } from "./advise-options.ts";
import { adviceText, howLine } from "./advise-text.ts";
import { settingsYaml } from "./advise-yaml.ts";
import { paintWith, wantsColour } from "./colour.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { isoTime } from "./instants.ts";
import { flagOption, textOption, wantsJson, wholeOption } from "./options.ts";
import { note, print, printJson } from "./output.ts";
import { progressBar } from "./progress-bar.ts";
import { progressLine } from "./progress-line.ts";
import { checkWritable, writeWhole } from "./whole-file.ts";

/** Says from a history alone whether to turn the forecast on; touches nothing but the files asked for. */
export async function runAdvise(call: CommandCall): Promise<number> {
  const options = {
    leadMs: durationOption(call, "lead"),
    unitRps: unitOption(call),
    prices: pricesOption(call),
    quick: flagOption(call, "quick"),
    threads: wholeOption(call, "threads") ?? 1,
  };
  const lastMs = durationOption(call, "last");
  const html = textOption(call, "html");
  if (html !== undefined) await checkWritable(html, "--html");
  const subject = await adviseSubject(call, lastMs);
  const { series, notes } = advisedPart(subject.series, lastMs);
  for (const warning of [...subject.warnings, ...notes]) note(`warning: ${escapeText(warning)}`);
  const advice = await withProgress(call, (onProgress) =>
    advise({
      ...options,
      series,
      timeZone: subject.timeZone,
      signal: call.context.signal,
      monotonicMs: () => performance.now(),
      onProgress,
    }),
  );
  const settings = settingsFor(call, advice, subject);
  await writeFiles(call, advice, subject, settings);
  show(call, advice, subject, settings);
  return EXIT.done;
}

type OnProgress = (what: string, done: number, total: number) => void;

async function withProgress<T>(call: CommandCall, work: (onProgress: OnProgress) => Promise<T>): Promise<T> {
  const line = progressLine(process.stderr);
  const showsProgress = !wantsJson(call) || process.stderr.isTTY;
  let phase = "";
  let beganMs = performance.now();
  try {
    return await work((what, done, total) => {
      if (what !== phase) beganMs = performance.now();
      phase = what;
      if (showsProgress) line.show(progressBar(what, done, total, performance.now() - beganMs));
    });
  } finally {
    line.end();
  }
}

const STANDARD_FILE = "tiercast.yaml";

function settingsFor(call: CommandCall, advice: Advice, subject: AdviseSubject): string | undefined {
  const { proposal } = advice;
  if (proposal === undefined) return undefined;
  return settingsYaml({
    advice,
    proposal,
    subject,
    file: textOption(call, "write") ?? STANDARD_FILE,
    isUnitGiven: textOption(call, "unitRps") !== undefined,
    arePricesGiven: textOption(call, "cost") !== undefined,
  });
}

async function writeFiles(
  call: CommandCall,
  advice: Advice,
  { name }: AdviseSubject,
  settings: string | undefined,
): Promise<void> {
  const html = textOption(call, "html");
  if (html !== undefined) {
    await writeWhole(html, [advicePage(advice, name, settings)], {
      name: "--html",
      signal: call.context.signal,
    });
    note(`report written to ${escapeText(html)}`);
  }
  const file = textOption(call, "write");
  if (file === undefined) return;
  if (settings === undefined) {
    note(`warning: --write ${escapeText(file)}: nothing written, this history gives no settings`);
    return;
  }
  await writeSettings(file, settings, flagOption(call, "force"));
  note(`settings written to ${escapeText(file)}: read them, then run \`tiercast validate\``);
}

async function writeSettings(file: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw new UserError(`--write ${file}: is there already (--force replaces it)`);
    throw new UserError(`--write ${file}: cannot be written (${code})`, EXIT.error);
  }
}

function show(call: CommandCall, advice: Advice, subject: AdviseSubject, settings: string | undefined): void {
  if (wantsJson(call)) {
    printJson("Advice", adviceJson(advice, subject, settings));
    return;
  }
  const paint = paintWith(wantsColour(call, processEnvironment(), process.stdout));
  print(adviceText(advice, escapeText(subject.name), paint));
  if (settings === undefined) return;
  const how = textOption(call, "write") === undefined ? " (--write FILE writes them)" : "";
  print(`\n${paint("bold", "Settings to begin with")}${how}\n\n${settings}\n${howLine(advice)}`);
}

function adviceJson(advice: Advice, subject: AdviseSubject, settings: string | undefined): object {
  const { series, leads, ...rest } = advice;
  return {
    source: subject.name,
    file: subject.source?.path ?? null,
    stepMs: series.stepMs,
    from: isoTime(series.startMs),
    to: isoTime(series.startMs + series.values.length * series.stepMs),
    ...rest,
    leads: leads.map(leadJson),
    settings: settings ?? null,
  };
}

function leadJson({ simulation, ...lead }: LeadAdvice): object {
  const { world, comparison, oracleUnitHours, timing } = simulation;
  return { ...lead, unitRps: world.unitRps, oracleUnitHours, comparison, timing };
}
