import type { BacktestOptions, BacktestResult } from "../../forecast/scores/backtest.ts";
import type { ModelScores } from "../../forecast/scores/backtest-scores.ts";
import type { HorizonScore } from "../../forecast/scores/scoring.ts";
import { shortDuration } from "../../model/time.ts";
import { escapeXml } from "../../simulate/report-svg.ts";
import { figureOrDash, ratioOrDash, shownModels } from "../backtest-text.ts";
import { percent } from "../figures.ts";
import { localTime } from "../instants.ts";
import { STYLE } from "./colours.ts";
import { errorPanels } from "./error-plots.ts";
import { fanPanels } from "./fan-plots.ts";
import { coveragePanels, ratioPanels, reliabilityPanels, weightPanels } from "./score-plots.ts";

export interface BacktestPage {
  /** `csv demand.csv`. */
  readonly name: string;
  readonly options: BacktestOptions;
  readonly result: BacktestResult;
}

/** A backtest as one page: no script, no file beside it, the same bytes for the same backtest but for its timing. */
export function backtestPage({ name, options, result }: BacktestPage): string {
  const title = `tiercast backtest: ${escapeXml(name)}`;
  const { timeZone } = options;
  const body = [
    `<h1>${title}</h1>`,
    `<p>${escapeXml(settingsLine(options, result))}</p>`,
    `<div class="summary">${summaryLines(result)
      .map((text) => `<p>${escapeXml(text)}</p>`)
      .join("")}</div>`,
    skippedList(result),
    section("Scores", "", scoreTables(result)),
    section(
      "Against naive",
      "Weighted quantile loss of each model over that of naive at the same origins.",
      panels(ratioPanels(result)),
    ),
    section(
      "Reliability",
      "A calibrated forecast lies on the dashed line: one truth in ten is below its 10 % quantile.",
      panels(reliabilityPanels(result)),
    ),
    section(
      "Coverage over origins",
      "One step ahead an origin is inside or outside: 100 % or 0 %.",
      panels(coveragePanels(result, timeZone)),
    ),
    section("Error", "Of the median, over all origins.", panels(errorPanels(options, result))),
    section(
      "Forecast against truth",
      "Origins from the best to the worst by the ensemble's loss at the longest horizon.",
      panels(fanPanels(options, result)),
    ),
    section(
      "Weights",
      "What each member counts in the ensemble, learned from what came before each origin.",
      panels(weightPanels(result, timeZone)),
    ),
    section(
      "Pinball loss by level",
      "Of the ensemble, in the unit of demand; at 0.5 it is the mean absolute error.",
      pinballTable(result),
    ),
    section("What the figures mean", "", DEFINITIONS),
  ].join("\n");
  return (
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8">` +
    `<meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title>` +
    `<style>${STYLE}</style></head><body>\n${body}\n</body></html>`
  );
}

/** What the whole backtest says, a sentence and one per horizon. */
export function summaryLines({ models, originsMs }: BacktestResult): readonly string[] {
  const ensemble = models.find(({ model }) => model === "ensemble");
  const horizons = ensemble?.horizons ?? [];
  const better = horizons.filter((score) => score.relativeLoss < 1);
  const count = originsMs.length === 1 ? "1 origin" : `${originsMs.length.toLocaleString("en-US")} origins`;
  const names = better.map(({ horizonMs }) => shortDuration(horizonMs)).join(", ");
  const where =
    better.length === horizons.length ? "at every horizon" : names === "" ? "at no horizon" : `at ${names}`;
  return [
    `The ensemble is better than naive ${where} (${count}).`,
    ...horizons.map((score, h) => horizonSentence(score, bestSingle(models, h))),
  ];
}

function bestSingle(
  models: readonly ModelScores[],
  h: number,
): { readonly model: string; readonly ratio: number } | undefined {
  return models
    .filter(({ model }) => model !== "ensemble")
    .map(({ model, horizons }) => ({ model, ratio: horizons[h]?.relativeLoss ?? Number.NaN }))
    .filter(({ ratio }) => Number.isFinite(ratio))
    .sort((a, b) => a.ratio - b.ratio)[0];
}

function horizonSentence(score: HorizonScore, best: ReturnType<typeof bestSingle>): string {
  const seasonal = Number.isFinite(score.relativeLossSeasonal)
    ? `, ${ratioOrDash(score.relativeLossSeasonal)} of seasonal naive's`
    : "";
  const single =
    best === undefined ? "" : `, best single model ${best.model} with ${ratioOrDash(best.ratio)}`;
  return (
    `${shortDuration(score.horizonMs)} ahead: loss ${ratioOrDash(score.relativeLoss)} of naive's` +
    `${seasonal}${single}; the 90 % interval held ${percent(score.coverage90)} of what came.`
  );
}

function settingsLine(
  { series, timeZone, trainMs }: BacktestOptions,
  { originsMs, models }: BacktestResult,
): string {
  const [first = Number.NaN, last = Number.NaN] = [originsMs[0], originsMs.at(-1)];
  const members = models.filter(({ model }) => model !== "ensemble").length;
  const trained = trainMs === undefined ? "" : `, learned from at most ${shortDuration(trainMs)} before each`;
  return (
    `${series.values.length.toLocaleString("en-US")} steps of ${shortDuration(series.stepMs)}; origins from ` +
    `${localTime(first, timeZone)} to ${localTime(last, timeZone)}${trained}; ${members} members.`
  );
}

function skippedList({ skipped }: BacktestResult): string {
  const rows = Object.entries(skipped).map(([member, reason]) => `${member}: ${reason}`);
  return rows.length === 0
    ? ""
    : `<p>Left out, as not there at every origin: ${escapeXml(rows.join("; "))}.</p>`;
}

function section(title: string, text: string, content: string): string {
  const said = text === "" ? "" : `<p>${escapeXml(text)}</p>`;
  return `<section><h2>${escapeXml(title)}</h2>${said}${content}</section>`;
}

function panels(list: readonly string[]): string {
  return `<div class="panels">${list.join("\n")}</div>`;
}

const HEADS = [
  "model",
  "origins",
  "MASE",
  "WQL",
  "over naive",
  "over seasonal naive",
  "coverage 90 %",
  "width 90 %",
];

function scoreTables(result: BacktestResult): string {
  const models = shownModels(result);
  const horizons = models[0]?.horizons ?? [];
  return horizons
    .map(({ horizonMs }, h) => {
      const rows = models.flatMap(({ model, horizons: own }) => {
        const score = own[h];
        return score === undefined ? [] : [scoreRow(model, score)];
      });
      return `<h3>${shortDuration(horizonMs)} ahead</h3>${table(HEADS, rows)}`;
    })
    .join("");
}

function scoreRow(model: string, score: HorizonScore): string {
  const cells = [
    model,
    String(score.origins),
    ratioOrDash(score.mase),
    ratioOrDash(score.weightedQuantileLoss),
    ratioOrDash(score.relativeLoss),
    ratioOrDash(score.relativeLossSeasonal),
    percent(score.coverage90, 1),
    figureOrDash(score.width90Rps),
  ];
  const kind = model === "ensemble" ? "ensemble" : /^\(|^naive$/.test(model) ? "reference" : "member";
  return tableRow(cells, kind);
}

function pinballTable({ models }: BacktestResult): string {
  const horizons = models.find(({ model }) => model === "ensemble")?.horizons ?? [];
  const levels = horizons[0]?.levels ?? [];
  const heads = ["level", ...horizons.flatMap(({ horizonMs }) => [shortDuration(horizonMs), "truth below"])];
  const rows = levels.map(({ level }, l) =>
    tableRow([
      String(level),
      ...horizons.flatMap(({ levels: own }) => [
        figureOrDash(own[l]?.pinball ?? Number.NaN),
        percent(own[l]?.below, 1),
      ]),
    ]),
  );
  return table(heads, rows);
}

function table(heads: readonly string[], rows: readonly string[]): string {
  const head = heads.map((text) => `<th>${escapeXml(text)}</th>`).join("");
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function tableRow(cells: readonly string[], kind = "member"): string {
  return `<tr class="${kind}">${cells.map((cell) => `<td>${escapeXml(cell)}</td>`).join("")}</tr>`;
}

const DEFINITIONS = `<dl>
<dt>horizon</dt><dd>All steps from the first one up to the horizon, at every origin.</dd>
<dt>MASE</dt><dd>Mean absolute error of the median over that of "same as yesterday" before the first origin.</dd>
<dt>WQL</dt><dd>Twice the pinball losses at 0.1, 0.5 and 0.9, their mean over the mean demand.</dd>
<dt>over naive</dt><dd>WQL over that of a random walk with the quantiles of past changes. Below 1 is better.</dd>
<dt>over seasonal naive</dt><dd>WQL over that of yesterday or last week at the same local time. Below 1 is better.</dd>
<dt>coverage 90 %</dt><dd>Share of truths inside the 90 % prediction interval, mean over origins.</dd>
<dt>width 90 %</dt><dd>Mean width of that interval, in the unit of demand. Narrower is better at the same coverage.</dd>
<dt>(model)</dt><dd>In parentheses: a reference that is no member of the ensemble.</dd>
</dl>`;
