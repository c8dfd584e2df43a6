/** Where a value stands on an axis, in the picture's pixels. */
export type Scale = (value: number) => number;

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export const FRAME: Frame = { width: 960, height: 300, left: 56, right: 120, top: 16, bottom: 34 };

export function linear(from: number, to: number, low: number, high: number): Scale {
  const span = to - from || 1;
  return (value) => low + ((value - from) / span) * (high - low);
}

export function logarithmic(from: number, to: number, low: number, high: number): Scale {
  const scale = linear(Math.log(from), Math.log(to), low, high);
  return (value) => scale(Math.log(value));
}

/** A tenth of a pixel is enough, and short. */
export function pixel(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** `d` of a line through the points; NaN breaks it. */
export function linePath(points: readonly (readonly [x: number, y: number])[]): string {
  let isDown = false;
  let path = "";
  for (const [x, y] of points) {
    if (Number.isNaN(x + y)) {
      isDown = false;
      continue;
    }
    path += `${isDown ? "L" : "M"}${pixel(x)} ${pixel(y)}`;
    isDown = true;
  }
  return path;
}

/** `d` of the area between an upper and a lower line. */
export function areaPath(xs: readonly number[], upper: readonly number[], lower: readonly number[]): string {
  if (xs.length === 0) return "";
  const there = xs.map((x, i) => `${pixel(x)} ${pixel(upper[i] ?? 0)}`);
  const back = xs.map((x, i) => `${pixel(x)} ${pixel(lower[i] ?? 0)}`).reverse();
  return `M${there.join("L")}L${back.join("L")}Z`;
}

/** Round values from `from` to `to`, about `count` of them. */
export function niceTicks(from: number, to: number, count: number): readonly number[] {
  const rough = (to - from || 1) / count;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step =
    [1, 2, 2.5, 5, 10].map((factor) => factor * size).find((candidate) => candidate >= rough) ?? size;
  const ticks: number[] = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++) ticks.push(i * step);
  return ticks.map((tick) => Number(tick.toPrecision(12)));
}

export function horizontalGrid(
  frame: Frame,
  ticks: readonly { readonly y: number; readonly label: string }[],
): string {
  const right = frame.width - frame.right;
  return ticks
    .map(
      ({ y, label }) =>
        `<path class="grid" d="M${frame.left} ${pixel(y)}H${right}"/>` +
        `<text class="tick" x="${frame.left - 6}" y="${pixel(y + 4)}" text-anchor="end">${escapeXml(label)}</text>`,
    )
    .join("");
}

export function bottomTicks(
  frame: Frame,
  ticks: readonly { readonly x: number; readonly label: string }[],
): string {
  const y = frame.height - frame.bottom;
  return ticks
    .map(
      ({ x, label }) =>
        `<path class="axis" d="M${pixel(x)} ${y}v4"/>` +
        `<text class="tick" x="${pixel(x)}" y="${y + 17}" text-anchor="middle">${escapeXml(label)}</text>`,
    )
    .join("");
}

/** Names beside their lines, pushed apart so that none covers another. */
export function endLabels(
  frame: Frame,
  labels: readonly { readonly y: number; readonly text: string; readonly colour: string }[],
): string {
  const gap = 15;
  const placed: string[] = [];
  let lowest = Number.NEGATIVE_INFINITY;
  for (const { y, text, colour } of labels.toSorted((a, b) => a.y - b.y)) {
    const at = Math.max(y, lowest + gap);
    lowest = at;
    const x = frame.width - frame.right + 8;
    placed.push(
      `<path d="M${x} ${pixel(at)}h14" stroke="${colour}" stroke-width="3"/>` +
        `<text class="label" x="${x + 19}" y="${pixel(at + 4)}">${escapeXml(text)}</text>`,
    );
  }
  return placed.join("");
}

/** A picture that scrolls sideways where the page is narrower than its text can be read at. */
export function svg(frame: Frame, title: string, content: string): string {
  return (
    `<div class="scroll"><svg viewBox="0 0 ${frame.width} ${frame.height}" role="img" ` +
    `aria-label="${escapeXml(title)}">` +
    `<title>${escapeXml(title)}</title>${content}</svg></div>`
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text from outside, safe inside elements and attributes. */
export function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (found) => ENTITIES[found] ?? found);
}
