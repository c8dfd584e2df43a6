import { styleText } from "node:util";
import { characterWidth } from "./text-width.ts";

/** What a cell means; its colour is only a second way of saying it. */
export type CellStyle =
  | "plain"
  | "title"
  | "dim"
  | "axis"
  | "demand"
  | "baseline"
  | "predictive"
  | "burst"
  | "median"
  | "band"
  | "good"
  | "warn"
  | "bad";

interface Cell {
  /** Empty: the second column of a wide character on the left. */
  readonly text: string;
  readonly style: CellStyle;
}

/** A screen of cells, row 0 at the top. */
export interface Canvas {
  readonly columns: number;
  readonly rows: number;
  readonly cells: (Cell | undefined)[][];
}

export function createCanvas(columns: number, rows: number): Canvas {
  return { columns, rows, cells: Array.from({ length: rows }, () => []) };
}

/** Writes `text` from (`row`, `column`) on; what does not fit on the canvas is left out. Returns the next column. */
export function put(canvas: Canvas, row: number, column: number, text: string, style: CellStyle): number {
  const cells = canvas.cells[row];
  let at = column;
  for (const character of text) {
    const width = characterWidth(character);
    if (cells === undefined || at < 0 || at + width > canvas.columns) return at;
    if (width === 0) continue;
    cells[at] = { text: character, style };
    if (width === 2) cells[at + 1] = { text: "", style };
    at += width;
  }
  return at;
}

/** A line per row, without spaces at its end; with `colour`, neighbours of one style share one colour sequence. */
export function canvasLines(canvas: Canvas, colour: boolean): readonly string[] {
  return canvas.cells.map((cells) => {
    let line = "";
    let run = "";
    let style: CellStyle = "plain";
    const last = cells.findLastIndex((cell) => cell !== undefined && cell.text !== " ");
    for (let column = 0; column <= last; column++) {
      const cell = cells[column] ?? BLANK;
      if (cell.style !== style) {
        line += painted(run, style, colour);
        run = "";
        style = cell.style;
      }
      run += cell.text;
    }
    return line + painted(run, style, colour);
  });
}

const BLANK: Cell = { text: " ", style: "plain" };

const STYLES = {
  title: ["bold"],
  dim: ["dim"],
  axis: ["dim"],
  demand: ["bold", "yellowBright"],
  baseline: ["blue"],
  predictive: ["green"],
  burst: ["magenta"],
  median: ["cyanBright"],
  band: ["cyan"],
  good: ["green"],
  warn: ["yellow"],
  bad: ["bold", "red"],
} as const;

function painted(text: string, style: CellStyle, colour: boolean): string {
  if (text === "" || style === "plain" || !colour) return text;
  return styleText([...STYLES[style]], text, { validateStream: false });
}
