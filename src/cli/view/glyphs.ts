/** Parts of a line that is drawn in cells: level, and the corners and stems of its steps. */
export interface LineGlyphs {
  readonly level: string;
  readonly stem: string;
  /** Enters from the left and turns up, comes from below and turns right, and the same for falling. */
  readonly upFrom: string;
  readonly upTo: string;
  readonly downFrom: string;
  readonly downTo: string;
}

export interface Glyphs {
  readonly demand: LineGlyphs;
  readonly median: LineGlyphs;
  readonly baseline: string;
  readonly predictive: string;
  readonly burst: string;
  readonly band: string;
  readonly now: string;
  readonly axis: string;
  readonly tick: string;
  readonly corner: string;
  readonly floor: string;
  readonly floorTick: string;
  readonly ellipsis: string;
  readonly separator: string;
  readonly times: string;
}

export const UNICODE_GLYPHS: Glyphs = {
  demand: { level: "━", stem: "┃", upFrom: "┛", upTo: "┏", downFrom: "┓", downTo: "┗" },
  median: { level: "─", stem: "│", upFrom: "╯", upTo: "╭", downFrom: "╮", downTo: "╰" },
  baseline: "░",
  predictive: "▒",
  burst: "▓",
  band: "·",
  now: "┊",
  axis: "│",
  tick: "┤",
  corner: "└",
  floor: "─",
  floorTick: "┬",
  ellipsis: "…",
  separator: "·",
  times: "×",
};

const ASCII_DEMAND: LineGlyphs = {
  level: "#",
  stem: "#",
  upFrom: "#",
  upTo: "#",
  downFrom: "#",
  downTo: "#",
};
const ASCII_MEDIAN: LineGlyphs = {
  level: "o",
  stem: "o",
  upFrom: "o",
  upTo: "o",
  downFrom: "o",
  downTo: "o",
};

export const ASCII_GLYPHS: Glyphs = {
  demand: ASCII_DEMAND,
  median: ASCII_MEDIAN,
  baseline: "=",
  predictive: "+",
  burst: "%",
  band: ".",
  now: ":",
  axis: "|",
  tick: "+",
  corner: "+",
  floor: "-",
  floorTick: "+",
  ellipsis: "...",
  separator: "-",
  times: "x",
};
