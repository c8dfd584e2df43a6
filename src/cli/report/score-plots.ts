import type { BacktestResult } from "../../forecast/scores/backtest.ts";
import { shortDuration } from "../../model/time.ts";
import { escapeXml, linear, niceTicks, pixel } from "../../simulate/report-svg.ts";
import { ratioOrDash, shownModels } from "../backtest-text.ts";
import { percent } from "../figures.ts";
import { colouredNames, colourOf } from "./colours.ts";
import { axes, type Key, line, PANEL, panel, timeTicks } from "./panel.ts";

const ROW_PIXELS = 21;
const LABEL_PIXELS = 142;
/** Longer bars are cut: what is twice as bad as naive is bad enough. */
const WIDEST_RATIO = 2;

/** Ratio to naive of each model at each horizon: a panel per horizon, the best on top. */
export function ratioPanels(result: BacktestResult): readonly string[] {
  const models = shownModels(result);
  const names = colouredNames(result);
  const horizons = models[0]?.horizons ?? [];
  return horizons.map(({ horizonMs }, h) => {
    const rows = models
      .map(({ model, horizons: own }) => ({ model, ratio: own[h]?.relativeLoss ?? Number.NaN }))
      .filter(({ ratio }) => Number.isFinite(ratio))
      .sort((a, b) => a.ratio - b.ratio);
    const frame = { ...PANEL, left: LABEL_PIXELS, right: 46, height: rows.length * ROW_PIXELS + 48 };
    const most = Math.min(WIDEST_RATIO, Math.max(1.05, ...rows.map(({ ratio }) => ratio)));
    const x = linear(0, most, frame.left, frame.width - frame.right);
    const bars = rows.map(({ model, ratio }, row) => {
      const y = 24 + row * ROW_PIXELS;
      const strong = model === "ensemble" ? " strong" : "";
      const end = x(Math.min(ratio, most));
      const width = Math.max(0, end - frame.left);
      return (
        `<text class="label${strong}" x="${frame.left - 8}" y="${y + 12}" text-anchor="end">` +
        `${escapeXml(model)}</text>` +
        `<path fill="${colourOf(model, names)}" d="M${frame.left} ${y}h${pixel(width)}v15h${pixel(-width)}z"/>` +
        `<text class="value${strong}" x="${pixel(end + 5)}" y="${y + 12}">${ratioOrDash(ratio)}</text>`
      );
    });
    const floor = frame.height - 22;
    const one =
      `<path class="axis" stroke-dasharray="3 3" d="M${pixel(x(1))} 18V${floor}"/>` +
      `<text x="${pixel(x(1))}" y="13" text-anchor="middle">naive = 1</text>`;
    const note =
      `<text x="${frame.width - 4}" y="${frame.height - 5}" text-anchor="end">` +
      "weighted quantile loss over naive's (shorter is better)</text>";
    return panel({ title: `${shortDuration(horizonMs)} ahead`, frame, content: one + bars.join("") + note });
  });
}

/** Nominal level against the share of truths that were below it. */
export function reliabilityPanels(result: BacktestResult): readonly string[] {
  const models = shownModels(result);
  const names = colouredNames(result);
  const frame = { ...PANEL, height: 330 };
  const x = linear(0, 1, frame.left, frame.width - frame.right);
  const y = linear(0, 1, frame.height - frame.bottom, frame.top);
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1].map((at) => ({ at, label: `${Math.round(at * 100)} %` }));
  const isMember = (model: string) => colourOf(model, names).startsWith("var(--m");
  const keys: Key[] = [
    { text: "ensemble", mark: "line", colour: "var(--own)" },
    { text: "naive", mark: "line", colour: "var(--naive)" },
    ...(models.some(({ model }) => colourOf(model, names) === "var(--seasonal)")
      ? [{ text: "seasonal naive", mark: "line", colour: "var(--seasonal)" } as const]
      : []),
    ...(names.some(isMember)
      ? [{ text: "other members", mark: "line", colour: "var(--peer)" } as const]
      : []),
    { text: "calibrated", mark: "dash", colour: "var(--soft)" },
  ];
  return (models[0]?.horizons ?? []).map(({ horizonMs }, h) => {
    const curves = [...models].reverse().map(({ model, horizons }) => {
      const points = (horizons[h]?.levels ?? []).map(({ level, below }) => [x(level), y(below)] as const);
      if (model !== "ensemble") return line(points, isMember(model) ? "var(--peer)" : colourOf(model, names));
      const dots = points.map(
        ([px, py]) => `<circle cx="${pixel(px)}" cy="${pixel(py)}" r="2.6" fill="var(--own)"/>`,
      );
      return line(points, "var(--own)", "own") + dots.join("");
    });
    const diagonal = line(
      [
        [x(0), y(0)],
        [x(1), y(1)],
      ],
      "var(--soft)",
      "dashed",
    );
    const frameAxes = axes(
      { scale: x, ticks, title: "nominal level" },
      { scale: y, ticks, title: "truths at or below the quantile" },
      frame,
    );
    return panel({
      title: `${shortDuration(horizonMs)} ahead`,
      keys,
      frame,
      content: frameAxes + diagonal + curves.join(""),
    });
  });
}

/** Coverage of the ensemble's 90 % interval at each origin, and its mean so far. */
export function coveragePanels({ byOrigin, models }: BacktestResult, timeZone: string): readonly string[] {
  const fromMs = byOrigin[0]?.originMs ?? 0;
  const toMs = byOrigin.at(-1)?.originMs ?? 0;
  const x = linear(fromMs, toMs, PANEL.left + 6, PANEL.width - PANEL.right - 6);
  const y = linear(0, 1, PANEL.height - PANEL.bottom, PANEL.top);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, label: `${at * 100} %` }));
  const keys: Key[] = [
    { text: "one origin", mark: "dot", colour: "var(--inner)" },
    { text: "mean so far", mark: "line", colour: "var(--own)" },
    { text: "90 %", mark: "dash", colour: "var(--soft)" },
  ];
  return (models[0]?.horizons ?? []).map(({ horizonMs }, h) => {
    let sum = 0;
    let count = 0;
    const dots: string[] = [];
    const means: (readonly [number, number])[] = [];
    for (const { originMs, horizons } of byOrigin) {
      const share = horizons[h]?.coverage90 ?? Number.NaN;
      if (Number.isNaN(share)) continue;
      sum += share;
      means.push([x(originMs), y(sum / ++count)]);
      dots.push(`<circle cx="${pixel(x(originMs))}" cy="${pixel(y(share))}" r="3.4" fill="var(--inner)"/>`);
    }
    const right = PANEL.width - PANEL.right;
    const target = line(
      [
        [PANEL.left, y(0.9)],
        [right, y(0.9)],
      ],
      "var(--soft)",
      "dashed",
    );
    const frameAxes = axes(
      { scale: x, ticks: timeTicks(fromMs, toMs, timeZone), title: `origin (${timeZone})` },
      { scale: y, ticks, title: "truths inside the 90 % interval" },
    );
    return panel({
      title: `${shortDuration(horizonMs)} ahead: ${percent(sum / count)} over all origins`,
      keys,
      content: frameAxes + target + dots.join("") + line(means, "var(--own)", "own"),
    });
  });
}

/** Weights of the members at each origin, stacked; the lightest are shown as one. */
export function weightPanels(result: BacktestResult, timeZone: string): readonly string[] {
  const { byOrigin, models } = result;
  const names = colouredNames(result);
  const fromMs = byOrigin[0]?.originMs ?? 0;
  const toMs = byOrigin.at(-1)?.originMs ?? 0;
  const x = linear(fromMs, toMs, PANEL.left, PANEL.width - PANEL.right);
  const y = linear(0, 1, PANEL.height - PANEL.bottom, PANEL.top);
  const members = [...new Set(byOrigin.flatMap(({ weights }) => Object.keys(weights)))];
  return (models[0]?.horizons ?? []).map(({ horizonMs }, h) => {
    const mean = (member: string): number =>
      byOrigin.reduce((sum, { weights }) => sum + (weights[member]?.[h] ?? 0), 0) / byOrigin.length;
    const ranked = members.map((member) => ({ member, mean: mean(member) })).sort((a, b) => b.mean - a.mean);
    const shown = ranked.filter(({ mean: own }) => own >= 0.005);
    const single = byOrigin.length === 1;
    const xs = single ? [PANEL.left, PANEL.width - PANEL.right] : byOrigin.map(({ originMs }) => x(originMs));
    const rows = single ? [byOrigin[0], byOrigin[0]] : byOrigin;
    const base = new Array<number>(xs.length).fill(0);
    const areas = shown.map(({ member }) => {
      const lower = [...base];
      rows.forEach((row, i) => {
        base[i] = (base[i] ?? 0) + (row?.weights[member]?.[h] ?? 0);
      });
      const there = xs.map((px, i) => `${pixel(px)} ${pixel(y(base[i] ?? 0))}`);
      const back = xs.map((px, i) => `${pixel(px)} ${pixel(y(lower[i] ?? 0))}`).reverse();
      return `<path fill="${colourOf(member, names)}" d="M${there.join("L")}L${back.join("L")}Z"/>`;
    });
    const keys = shown.map(({ member, mean: own }): Key => {
      return { text: `${member} ${Math.round(own * 100)} %`, mark: "box", colour: colourOf(member, names) };
    });
    const frameAxes = axes(
      { scale: x, ticks: single ? [] : timeTicks(fromMs, toMs, timeZone), title: `origin (${timeZone})` },
      { scale: y, ticks: niceTicks(0, 1, 4).map((at) => ({ at, label: `${at * 100} %` })), title: "weight" },
    );
    return panel({ title: `${shortDuration(horizonMs)} ahead`, keys, content: frameAxes + areas.join("") });
  });
}
