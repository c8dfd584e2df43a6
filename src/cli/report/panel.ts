import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../model/time.ts";
import { zoneOffset } from "../../model/zone-offset.ts";
import {
  escapeXml,
  type Frame,
  linePath,
  niceTicks,
  pixel,
  type Scale,
  svg,
} from "../../simulate/report-svg.ts";

/** Small pictures side by side on a wide page, one below the other on a narrow one; letters stay readable on both. */
export const PANEL: Frame = { width: 480, height: 250, left: 54, right: 22, top: 26, bottom: 42 };

export interface Tick {
  readonly at: number;
  readonly label: string;
}

export interface Axis {
  readonly scale: Scale;
  readonly ticks: readonly Tick[];
  /** What is measured, with its unit. */
  readonly title: string;
}

export interface Key {
  readonly text: string;
  /** Class of the mark: `line`, `dash`, `dot` or `box`. */
  readonly mark: "line" | "dash" | "dot" | "box";
  readonly colour: string;
}

/** A picture with its title, a line about it and its keys, all outside of the drawing, so that nothing overlaps. */
export function panel(request: {
  readonly title: string;
  readonly text?: string;
  readonly keys?: readonly Key[];
  readonly frame?: Frame;
  readonly content: string;
}): string {
  const { title, text = "", keys = [], frame = PANEL, content } = request;
  const said = text === "" ? "" : `<p>${escapeXml(text)}</p>`;
  const list = keys
    .map(
      ({ text: name, mark, colour }) =>
        `<li><i class="${mark}" style="--c:${colour}"></i>${escapeXml(name)}</li>`,
    )
    .join("");
  const legend = list === "" ? "" : `<ul class="keys">${list}</ul>`;
  return (
    `<figure><figcaption><h3>${escapeXml(title)}</h3>${said}${legend}</figcaption>` +
    `${svg(frame, title, content)}</figure>`
  );
}

/** Grid lines and labels of both axes; titles stand above the one and below the other. */
export function axes(x: Axis, y: Axis, frame: Frame = PANEL): string {
  const right = frame.width - frame.right;
  const floor = frame.height - frame.bottom;
  const horizontal = y.ticks.map(({ at, label }) => {
    const level = y.scale(at);
    return (
      `<path class="grid" d="M${frame.left} ${pixel(level)}H${right}"/>` +
      `<text x="${frame.left - 6}" y="${pixel(level + 4)}" text-anchor="end">${escapeXml(label)}</text>`
    );
  });
  const vertical = spaced(x.ticks, x.scale).map(({ at, label }) => {
    const place = pixel(x.scale(at));
    return (
      `<path class="axis" d="M${place} ${floor}v4"/>` +
      `<text x="${place}" y="${floor + 17}" text-anchor="middle">${escapeXml(label)}</text>`
    );
  });
  return (
    horizontal.join("") +
    `<path class="axis" d="M${frame.left} ${floor}H${right}"/>${vertical.join("")}` +
    `<text x="4" y="13">${escapeXml(y.title)}</text>` +
    `<text x="${right}" y="${frame.height - 6}" text-anchor="end">${escapeXml(x.title)}</text>`
  );
}

const LETTER_WIDTH = 7;

/** Without the labels that would touch the one before. */
function spaced(ticks: readonly Tick[], scale: Scale): readonly Tick[] {
  let last = Number.NEGATIVE_INFINITY;
  return ticks.filter(({ at, label }) => {
    const half = (label.length * LETTER_WIDTH) / 2;
    const place = scale(at);
    if (place - half < last + 4) return false;
    last = place + half;
    return true;
  });
}

/** Ticks of a scale from 0 to `highest`: `0`, `50`, `100`, and `2.5e15` where figures get long. */
export function demandTicks(highest: number): readonly Tick[] {
  return niceTicks(0, highest, 4).map((at) => {
    const label =
      at >= 1e6 || (at > 0 && at < 1e-3)
        ? at.toExponential(1).replace(/\.0|\+/g, "")
        : at.toLocaleString("en-US", DIGITS);
    return { at, label };
  });
}

const DIGITS = { maximumSignificantDigits: 4 } as const;

export function line(
  points: readonly (readonly [number, number])[],
  colour: string,
  kind: "own" | "peer" | "dashed" = "peer",
): string {
  return `<path class="${kind}" stroke="${colour}" d="${linePath(points)}"/>`;
}

/** A band between two lines; a step without a value ends it. */
export function band(
  points: readonly (readonly [x: number, low: number, high: number])[],
  className: string,
): string {
  const known = points.filter(([x, low, high]) => Number.isFinite(x + low + high));
  if (known.length === 0) return "";
  const there = known.map(([x, , high]) => `${pixel(x)} ${pixel(high)}`);
  const back = known.map(([x, low]) => `${pixel(x)} ${pixel(low)}`).reverse();
  return `<path class="${className}" d="M${there.join("L")}L${back.join("L")}Z"/>`;
}

const TICK_SIZES_MS: readonly number[] = [
  ...[1, 5, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map((days) => days * DAY_MS),
];

/** Round local times, at most `count`: `05:00`, and the date at midnight. */
export function timeTicks(fromMs: number, toMs: number, timeZone: string, count = 6): readonly Tick[] {
  const span = Math.max(1, toMs - fromMs);
  const size = TICK_SIZES_MS.find((each) => span / each <= count) ?? 364 * DAY_MS;
  const offset = zoneOffset(timeZone);
  const ticks: Tick[] = [];
  const firstMs = Math.ceil((fromMs + offset(fromMs)) / size) * size;
  for (let localMs = firstMs; localMs - offset(fromMs) <= toMs; localMs += size) {
    // Over a change of the clock the offset is that of the tick, not of the first one.
    const at = localMs - offset(localMs - offset(fromMs));
    const iso = new Date(localMs).toISOString();
    const label = localMs % DAY_MS === 0 ? iso.slice(span > 300 * DAY_MS ? 0 : 5, 10) : iso.slice(11, 16);
    if (at >= fromMs && at <= toMs) ticks.push({ at, label });
  }
  return ticks;
}
