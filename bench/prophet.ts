/**
 * What a forecast by the member `prophet` costs, beside Python's prophet on the same data, and how far their
 * curves lie apart.
 *
 *     node bench/prophet.ts [--python FILE] [--csv FILE ...] [--hours 12] [--refit-hours 6] [--origins 3]
 *                           [--json FILE]
 *
 * `--python`: an interpreter that has `prophet`; without it only our own side is measured. One forecast a step
 * over the last `--hours` of each series: a fit on 14 days every `--refit-hours`, restored parameters in
 * between. Python fits and predicts at `--origins` of those steps, on the same 15-minute means, as shipped
 * (1000 uncertainty samples). The gap is of Prophet's curve alone, without our AR law, in units of the standard
 * deviation of the history: over all that Python predicts (history and a day ahead), and over the day alone.
 * Python's L-BFGS stops short of its own optimum, so its gap to itself is shown too: by L-BFGS and by BFGS. All
 * times are CPU times, of children too.
 */
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import type { FittedState } from "../src/forecast/forecaster.ts";
import { horizonKnots } from "../src/forecast/kernels/error-quantiles.ts";
import { localClock } from "../src/forecast/local-clock.ts";
import { prophet } from "../src/forecast/members/prophet.ts";
import { evaluateCurve } from "../src/forecast/prophet/prophet-curve.ts";
import { gridCells, seasonalitiesFor } from "../src/forecast/prophet/prophet-design.ts";
import { fitProphet } from "../src/forecast/prophet/prophet-fit.ts";
import { FORECAST_LEVELS } from "../src/model/forecast.ts";
import { type DemandSeries, endMs } from "../src/model/series.ts";
import { DAY_MS, epochMs, HOUR_MS } from "../src/model/time.ts";
import { UserError } from "../src/model/user-error.ts";
import { countOption } from "./parts/count-option.ts";
import { type BenchSeries, defaultSeries, fileSeries } from "./parts/prophet-series.ts";
import { type Check, finishReport, startReport } from "./parts/report.ts";
import { meanOf } from "./parts/spread.ts";

const TRAIN_MS = 14 * DAY_MS;
const CHEAPER_BAR = 5;
const GAP_BAR = 0.05;

interface Case {
  /** Local seconds of the 15-minute means, and of the day after them. */
  readonly ds: readonly number[];
  readonly y: readonly number[];
  readonly ahead: readonly number[];
  readonly weekly: boolean;
  /** Our curve at both. */
  readonly curve: Float64Array;
  readonly coldMs: number;
}

interface Peer {
  readonly version: string;
  readonly forecasts: readonly {
    readonly fitS: number;
    readonly predictS: number;
    readonly yhat: readonly number[];
    /** By Python's other optimizer; null where it did not converge. */
    readonly again: readonly number[] | null;
  }[];
}

interface Sample {
  readonly name: string;
  readonly forecasts: number;
  readonly fits: number;
  /** Means, CPU ms: of a forecast on schedule, of a fit and a forecast after it, of Python's two. */
  readonly ownMs: number;
  readonly coldMs: number;
  readonly pythonMs: number | undefined;
  /** Mean gap of all that was predicted, and of the day ahead alone: ours to Python's, Python's to itself. */
  readonly gap: number | undefined;
  readonly gapAhead: number | undefined;
  readonly peerGapAhead: number | undefined;
}

const { values: args } = parseArgs({
  options: {
    python: { type: "string" },
    csv: { type: "string", multiple: true, default: [] },
    hours: { type: "string", default: "12" },
    "refit-hours": { type: "string", default: "6" },
    origins: { type: "string", default: "3" },
    json: { type: "string" },
  },
});
const stretchMs = countOption("hours", args.hours) * HOUR_MS;
const refitMs = countOption("refit-hours", args["refit-hours"]) * HOUR_MS;
const origins = countOption("origins", args.origins);
const started = startReport("prophet");
const chosen = await (args.csv.length > 0
  ? fileSeries(args.csv, TRAIN_MS + stretchMs)
  : defaultSeries(TRAIN_MS + stretchMs));
const samples = chosen.map(measure);
finishReport({ ...started, ...table(samples) }, args.json);

function measure(bench: BenchSeries): Sample {
  const { stepMs, values } = bench.series;
  const stretch = Math.floor(stretchMs / stepMs);
  const first = values.length - stretch;
  const every = Math.max(1, Math.round(refitMs / stepMs));
  const cases = Array.from({ length: origins }, (_, i) =>
    coldCase(bench, first + Math.floor((i * stretch) / origins)),
  );
  let state: FittedState | undefined;
  let fits = 0;
  const cpuMs = cpuOf(() => {
    for (let step = 0; step < stretch; step++) {
      const history = historyAt(bench.series, first + step);
      if (step % every === 0) {
        state = fitted(history, bench.timeZone, state);
        fits++;
      }
      if (state !== undefined) answer(state, history, bench.timeZone);
    }
  });
  const peer = args.python === undefined ? undefined : runPeer(args.python, cases);
  const gaps = cases.map((own, i) => gapsOf(own, peer?.forecasts[i]));
  return {
    name: bench.name,
    forecasts: stretch,
    fits,
    ownMs: cpuMs / stretch,
    coldMs: meanOf(cases.map(({ coldMs }) => coldMs)),
    pythonMs: peer && meanOf(peer.forecasts.map(({ fitS, predictS }) => 1000 * (fitS + predictS))),
    gap: meanKnown(gaps.map(({ all }) => all)),
    gapAhead: meanKnown(gaps.map(({ ahead }) => ahead)),
    peerGapAhead: meanKnown(gaps.map(({ peerAhead }) => peerAhead)),
  };
}

/** The 14 days before step `at`: what a service would hand to the forecast. */
function historyAt({ startMs, stepMs, values }: DemandSeries, at: number): DemandSeries {
  const from = Math.max(0, at - Math.round(TRAIN_MS / stepMs));
  return { startMs: epochMs(startMs + from * stepMs), stepMs, values: values.slice(from, at) };
}

function clockFor(history: DemandSeries, timeZone: string) {
  return localClock(timeZone, history.startMs, endMs(history) + 2 * DAY_MS);
}

function fitted(history: DemandSeries, timeZone: string, previous?: FittedState): FittedState {
  const outcome = prophet.fit(history, { clock: clockFor(history, timeZone) }, previous);
  if (outcome.kind === "refused") throw new UserError(`prophet refuses this series: ${outcome.reason}`);
  return outcome.model.state;
}

/** What the ensemble asks of a member in a cycle: every level at the knots of a day. */
function answer(state: FittedState, history: DemandSeries, timeZone: string): void {
  const knots = horizonKnots(Math.round(DAY_MS / history.stepMs));
  prophet.restore(state, history, { clock: clockFor(history, timeZone) }).at(knots, FORECAST_LEVELS);
}

function coldCase({ series, timeZone }: BenchSeries, at: number): Case {
  const history = historyAt(series, at);
  const coldMs = cpuOf(() => answer(fitted(history, timeZone), history, timeZone));
  const clock = clockFor(history, timeZone);
  const cells = gridCells(history);
  const seasonalities = seasonalitiesFor(history.values.length * history.stepMs);
  const lastMs = cells.startsMs.at(-1) ?? 0;
  const count = Math.round(DAY_MS / cells.gridMs);
  const aheadMs = Array.from({ length: count }, (_, i) => lastMs + (i + 1) * cells.gridMs);
  const { curve } = fitProphet(cells, clock, seasonalities, []);
  const localS = (ms: number): number => Math.round(clock.localMs(ms) / 1000);
  return {
    ds: Array.from(cells.startsMs, localS),
    y: Array.from(cells.means),
    ahead: aheadMs.map(localS),
    weekly: seasonalities.length > 1,
    curve: evaluateCurve(curve, clock, [...cells.startsMs, ...aheadMs]),
    coldMs,
  };
}

function runPeer(python: string, cases: readonly Case[]): Peer {
  const script = new URL("./parts/prophet-peer.py", import.meta.url).pathname;
  const input = JSON.stringify(cases.map(({ ds, y, ahead, weekly }) => ({ ds, y, ahead, weekly })));
  try {
    const stdio: ["pipe", "pipe", "pipe"] = ["pipe", "pipe", "pipe"];
    return JSON.parse(execFileSync(python, [script], { input, stdio, encoding: "utf8", maxBuffer: 2 ** 28 }));
  } catch (error) {
    const last = String((error as { stderr?: string }).stderr ?? error)
      .trim()
      .split("\n")
      .at(-1);
    throw new UserError(`--python ${python}: cannot run prophet: ${last}; pip install prophet`);
  }
}

interface Gaps {
  readonly all: number | undefined;
  readonly ahead: number | undefined;
  readonly peerAhead: number | undefined;
}

/** Mean distances of the curves in standard deviations of the history. */
function gapsOf({ y, curve }: Case, peer: Peer["forecasts"][number] | undefined): Gaps {
  if (peer === undefined) return { all: undefined, ahead: undefined, peerAhead: undefined };
  const mean = meanOf(y);
  const deviation = Math.sqrt(meanOf(y.map((value) => (value - mean) ** 2)));
  const gap = (other: ArrayLike<number>, from: number): number =>
    meanOf(peer.yhat.slice(from).map((value, i) => Math.abs(value - (other[from + i] ?? 0)) / deviation));
  return {
    all: gap(curve, 0),
    ahead: gap(curve, y.length),
    peerAhead: peer.again === null ? undefined : gap(peer.again, y.length),
  };
}

function meanKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : meanOf(known);
}

function cpuOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function table(all: readonly Sample[]) {
  const header = [
    "series",
    "forecasts (fits)",
    "ours, ms",
    "ours cold, ms",
    "Python, ms",
    "cheaper",
    "cold against cold",
    "gap",
    "gap a day ahead",
    "Python to itself",
  ];
  const times = (python: number | undefined, own: number): string =>
    python === undefined ? "-" : `${(python / own).toFixed(0)} x`;
  const share = (gap: number | undefined): string =>
    gap === undefined ? "-" : `${(100 * gap).toFixed(2)} %`;
  const rows = all.map((sample) => [
    sample.name,
    `${sample.forecasts} (${sample.fits})`,
    sample.ownMs.toFixed(2),
    sample.coldMs.toFixed(1),
    sample.pythonMs?.toFixed(0) ?? "-",
    times(sample.pythonMs, sample.ownMs),
    times(sample.pythonMs, sample.coldMs),
    share(sample.gap),
    share(sample.gapAhead),
    share(sample.peerGapAhead),
  ]);
  return { header, rows, checks: checksOf(all), samples: all };
}

function checksOf(all: readonly Sample[]): readonly Check[] {
  if (args.python === undefined) return [];
  const cheapest = Math.min(...all.map(({ pythonMs, ownMs }) => (pythonMs ?? Number.NaN) / ownMs));
  const cold = Math.min(...all.map(({ pythonMs, coldMs }) => (pythonMs ?? Number.NaN) / coldMs));
  const worst = Math.max(...all.map(({ gap }) => gap ?? Number.NaN));
  return [
    {
      what: "CPU of Python's forecast over ours, on schedule, worst series",
      measured: `${cheapest.toFixed(0)} x`,
      bar: `at least ${CHEAPER_BAR} x`,
      met: cheapest >= CHEAPER_BAR,
    },
    { what: "the same, both cold", measured: `${cold.toFixed(0)} x`, bar: "reported", met: cold > 0 },
    {
      what: "mean gap of the curves, worst series",
      measured: `${(100 * worst).toFixed(2)} %`,
      bar: `at most ${100 * GAP_BAR} %`,
      met: worst <= GAP_BAR,
    },
  ];
}
