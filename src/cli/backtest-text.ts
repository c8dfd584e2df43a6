import type { BacktestResult } from "../forecast/scores/backtest.ts";
import type { ModelScores } from "../forecast/scores/backtest-scores.ts";
import type { HorizonScore } from "../forecast/scores/scoring.ts";
import { shortDuration } from "../model/time.ts";
import { escapeText } from "./escape-text.ts";
import { figure, percent } from "./figures.ts";
import { textTable } from "./text-table.ts";

/** Every model, and seasonal naive as a reference where it is no member. */
export function shownModels({ models, references }: BacktestResult): readonly ModelScores[] {
  const extra = references.filter(({ model }) => !models.some((own) => own.model === model));
  return [...models, ...extra.map((scores) => ({ ...scores, model: `(${scores.model})` }))];
}

/** A row per horizon and model; within 100 columns. */
export function scoreTable(result: BacktestResult): string {
  const rows = byHorizon(result, (score, model) => [
    [
      shortDuration(score.horizonMs),
      escapeText(model),
      String(score.origins),
      ratioOrDash(score.mase),
      ratioOrDash(score.weightedQuantileLoss),
      ratioOrDash(score.relativeLoss),
      ratioOrDash(score.relativeLossSeasonal),
      percent(score.coverage90),
      figureOrDash(score.width90Rps),
    ],
  ]);
  return textTable(
    [
      { title: "horizon" },
      { title: "model" },
      { title: "origins", right: true },
      { title: "mase", right: true },
      { title: "wql", right: true },
      { title: "ratio", right: true },
      { title: "seasonal", right: true },
      { title: "coverage", right: true },
      { title: "width", right: true },
    ],
    rows,
  );
}

/** What the columns of `scoreTable` mean, in two lines. */
export const SCORE_LEGEND =
  "ratio, seasonal: weighted quantile loss over that of naive and of seasonal naive; below 1 is better.\n" +
  "coverage, width: of the 90 % interval, the width in the unit of demand.";

/** A row per horizon, model and quantile level. */
export function levelTable(result: BacktestResult): string {
  const rows = byHorizon(result, (score, model) =>
    score.levels.map(({ level, pinball, below }) => [
      shortDuration(score.horizonMs),
      escapeText(model),
      String(level),
      figureOrDash(pinball),
      percent(below, 1),
    ]),
  );
  return textTable(
    [
      { title: "horizon" },
      { title: "model" },
      { title: "level", right: true },
      { title: "pinball", right: true },
      { title: "truth below", right: true },
    ],
    rows,
  );
}

/** Lines of `-o csv`, header first: a row per model and horizon; empty where there is no figure. */
export function* scoreCsv(result: BacktestResult): Generator<string> {
  yield "model,horizon_ms,origins,mase,wql,ratio_naive,ratio_seasonal_naive,coverage90,width90";
  for (const { model, horizons } of csvModels(result)) {
    for (const score of horizons) {
      const figures = [
        score.mase,
        score.weightedQuantileLoss,
        score.relativeLoss,
        score.relativeLossSeasonal,
        score.coverage90,
        score.width90Rps,
      ];
      yield [model, score.horizonMs, score.origins, ...figures.map(csvNumber)].join(",");
    }
  }
}

/** Lines of `-o csv --per-level`, header first: a row per model, horizon and level. */
export function* levelCsv(result: BacktestResult): Generator<string> {
  yield "model,horizon_ms,level,pinball,truth_below";
  for (const { model, horizons } of csvModels(result)) {
    for (const { horizonMs, levels } of horizons) {
      for (const { level, pinball, below } of levels)
        yield [model, horizonMs, level, csvNumber(pinball), csvNumber(below)].join(",");
    }
  }
}

function csvModels({ models, references }: BacktestResult): readonly ModelScores[] {
  return [...models, ...references.filter(({ model }) => !models.some((own) => own.model === model))];
}

function csvNumber(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(10))) : "";
}

export function figureOrDash(value: number): string {
  return Number.isFinite(value) ? figure(value) : "-";
}

/** `0.054`, `1.253`: three decimals, as models differ in the second. A ratio to nothing is no figure. */
export function ratioOrDash(value: number): string {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e6) return "-";
  return Math.abs(value) < 10 ? value.toFixed(3) : figure(value);
}

function byHorizon(
  result: BacktestResult,
  rowsOf: (score: HorizonScore, model: string) => readonly (readonly string[])[],
): readonly (readonly string[])[] {
  const models = shownModels(result);
  const count = models[0]?.horizons.length ?? 0;
  return Array.from({ length: count }, (_, h) =>
    models.flatMap(({ model, horizons }) => {
      const score = horizons[h];
      return score === undefined ? [] : rowsOf(score, model);
    }),
  ).flat();
}
