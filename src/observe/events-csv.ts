import { splitFields } from "./csv-columns.ts";
import type { EventsText, PlacedFields } from "./events-text.ts";
import { inputError, quoted } from "./input-error.ts";
import { parseTimestamp } from "./timestamp.ts";

const COLUMNS = ["id", "kind", "start", "end", "lift", "announced"];
const NEEDED = ["kind", "start", "end"];

/** Events of a CSV text: a header with the names of the columns in any order, a row for each event. */
export function csvEvents({ text, path, zone }: EventsText): readonly PlacedFields[] {
  const lines = text.split(/\r?\n/);
  const first = lines.findIndex((line) => line.trim() !== "");
  if (first < 0)
    throw inputError(path, undefined, "is empty", "write a header kind,start,end and a row for each");
  const header = lines[first] ?? "";
  const delimiter = [";", "\t"].find((mark) => header.includes(mark)) ?? ",";
  const columns = splitFields(header, delimiter).map((name) => name.trim().toLowerCase());
  checkHeader(columns, path, first + 1);
  return lines.flatMap((line, index) => {
    if (index <= first || line.trim() === "") return [];
    const cells = splitFields(line, delimiter).map((cell) => cell.trim());
    if (cells.length !== columns.length) {
      const what = `${cells.length} fields where the header has ${columns.length}`;
      throw inputError(path, index + 1, what, "mend the row; quote text with a comma in it");
    }
    const cell = (name: string): string => cells[columns.indexOf(name)] ?? "";
    const startMs = parseTimestamp(cell("start"), zone, Number.NEGATIVE_INFINITY);
    const announced = cell("announced");
    return {
      line: index + 1,
      id: cell("id") || undefined,
      kind: cell("kind"),
      startMs,
      endMs: parseTimestamp(cell("end"), zone, startMs),
      lift: cell("lift") === "" ? undefined : Number(cell("lift")),
      announcedMs: announced === "" ? undefined : parseTimestamp(announced, zone, Number.NEGATIVE_INFINITY),
    };
  });
}

function checkHeader(columns: readonly string[], path: string, line: number): void {
  const missing = NEEDED.filter((name) => !columns.includes(name));
  if (missing.length > 0) {
    const what = `the header has no ${missing.join(" and no ")}`;
    throw inputError(path, line, what, "write kind,start,end and if wanted id,lift,announced");
  }
  const unknown = columns.filter((name, i) => !COLUMNS.includes(name) || columns.indexOf(name) < i);
  if (unknown.length > 0) {
    const what = `${unknown.map(quoted).join(", ")} is no column of events, or is there twice`;
    throw inputError(path, line, what, `columns are ${COLUMNS.join(", ")}`);
  }
}
