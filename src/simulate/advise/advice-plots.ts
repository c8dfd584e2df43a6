import { shortDuration } from "../../model/time.ts";
import {
  bottomTicks,
  FRAME,
  horizontalGrid,
  linear,
  logarithmic,
  niceTicks,
  pixel,
  svg,
} from "../report-svg.ts";
import type { LeadAdvice, Sampled } from "./advice.ts";

const ROW_HEIGHT = 30;
const LEAST_RATIO = 0.01;
const MOST_RATIO = 4;

/** Each ratio as a dot with its interval, on a logarithmic axis with 1 marked. */
export function intervalPlot(leads: readonly LeadAdvice[]): string {
  const rows = leads.flatMap(({ leadMs, violationRatio, addedRatio, quality }) => {
    const lead = shortDuration(leadMs);
    return [
      { text: `demand missed over the HPA's, ${lead}`, sampled: violationRatio },
      { text: `... over the same rules without forecast, ${lead}`, sampled: addedRatio },
      { text: `forecast's loss over naive's, ${lead}`, sampled: quality.lossAtLead },
    ];
  });
  const day = leads[0]?.quality.lossOverDay;
  if (day !== undefined) rows.push({ text: "forecast's loss over naive's, next day", sampled: day });
  const known = rows.filter(({ sampled }) => Number.isFinite(sampled.value));
  const frame = {
    ...FRAME,
    left: 300,
    right: 80,
    height: FRAME.top + FRAME.bottom + known.length * ROW_HEIGHT,
  };
  const x = logarithmic(LEAST_RATIO, MOST_RATIO, frame.left, frame.width - frame.right);
  const bottom = frame.height - frame.bottom;
  const drawn = known.map(({ text, sampled }, i) => {
    const y = frame.top + (i + 0.5) * ROW_HEIGHT;
    return (
      `<text class="label" x="${frame.left - 12}" y="${pixel(y + 4)}" text-anchor="end">${text}</text>` +
      mark(sampled, (ratio) => x(Math.min(MOST_RATIO, Math.max(LEAST_RATIO, ratio))), y) +
      `<text class="label" x="${frame.width - frame.right + 10}" y="${pixel(y + 4)}">${sampled.value.toFixed(2)}</text>`
    );
  });
  const ticks = [0.01, 0.03, 0.1, 0.3, 1, 3].map((ratio) => ({ x: x(ratio), label: String(ratio) }));
  const one = `<path class="axis" d="M${pixel(x(1))} ${frame.top}V${bottom}" stroke-dasharray="4 4"/>`;
  return svg(frame, "ratios with their 90 % intervals", one + drawn.join("") + bottomTicks(frame, ticks));
}

function mark({ value, low, high }: Sampled, x: (ratio: number) => number, y: number): string {
  const colour = (Number.isNaN(high) ? value : high) < 1 ? "var(--for)" : "var(--against)";
  const line = Number.isNaN(low + high)
    ? ""
    : `<path d="M${pixel(x(low))} ${pixel(y)}H${pixel(x(high))}" stroke="${colour}" stroke-width="3"/>`;
  return `${line}<circle cx="${pixel(x(value))}" cy="${pixel(y)}" r="5" fill="${colour}"/>`;
}

/** A bar for each hour of the day. */
export function profilePlot(profile: readonly number[]): string {
  const frame = { ...FRAME, height: 200, right: 40 };
  const highest = Math.max(1, ...profile);
  const x = linear(0, 24, frame.left, frame.width - frame.right);
  const y = linear(0, highest * 1.05, frame.height - frame.bottom, frame.top);
  const bars = profile.map((share, hour) => {
    const [left, width] = [x(hour) + 2, x(1) - x(0) - 4];
    const [top, height] = [y(share), y(0) - y(share)];
    const box = `M${pixel(left)} ${pixel(top)}h${pixel(width)}v${pixel(height)}h-${pixel(width)}z`;
    return `<path class="baseline" d="${box}"/>`;
  });
  const grid = niceTicks(0, highest, 4).map((tick) => ({ y: y(tick), label: String(tick) }));
  const ticks = [0, 3, 6, 9, 12, 15, 18, 21].map((hour) => ({ x: x(hour + 0.5), label: `${hour}:00` }));
  return svg(
    frame,
    "demand by hour of the day",
    horizontalGrid(frame, grid) + bars.join("") + bottomTicks(frame, ticks),
  );
}
