import { inputError, quoted } from "./input-error.ts";
import { parseTimestamp } from "./timestamp.ts";

/** Where time and demand stand in each row. */
export interface CsvColumns {
  readonly delimiter: string;
  readonly fieldCount: number;
  readonly timeIndex: number;
  readonly valueIndex: number;
  readonly valueName: string;
  /** False: the first line is already a row. */
  readonly hasHeader: boolean;
}

const TIME_NAMES = ["timestamp", "time", "datetime", "date", "ts"];
const VALUE_NAMES = ["value", "count", "requests", "rps", "demand", "y"];

/** Reads the first line: separator (comma, semicolon, tab), header or not, and the two columns. */
export function readColumns(
  line: string,
  path: string,
  names: { readonly timeColumn: string | undefined; readonly valueColumn: string | undefined },
): CsvColumns {
  const delimiter = commonestDelimiter(line);
  const fields = splitFields(line, delimiter).map((field) => field.trim());
  if (fields.length < 2) {
    throw inputError(
      path,
      1,
      `one column in ${quoted(line)}`,
      "write timestamp,value with a comma, semicolon or tab between",
    );
  }
  const shared = { delimiter, fieldCount: fields.length };
  if (!Number.isNaN(parseTimestamp(fields[0] ?? "", (ms) => ms, 0))) {
    if (names.timeColumn !== undefined || names.valueColumn !== undefined) {
      throw inputError(path, 1, "has no header, but columns are named", "add a header line with the names");
    }
    return { ...shared, timeIndex: 0, valueIndex: 1, valueName: "2", hasHeader: false };
  }
  const timeIndex = columnIndex(fields, path, names.timeColumn, TIME_NAMES, 0, "time");
  const valueIndex = columnIndex(
    fields,
    path,
    names.valueColumn,
    VALUE_NAMES,
    timeIndex === 0 ? 1 : 0,
    "value",
  );
  return { ...shared, timeIndex, valueIndex, valueName: fields[valueIndex] ?? "value", hasHeader: true };
}

/** Splits a row; a field in double quotes may hold the separator, and "" is a quote in it (RFC 4180). */
export function splitFields(line: string, delimiter: string): readonly string[] {
  if (!line.includes('"')) return line.split(delimiter);
  const fields: string[] = [];
  let field = "";
  let inQuotes = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i] ?? "";
    if (char === '"' && inQuotes && line[i + 1] === '"') {
      field += char;
      i++;
    } else if (char === '"') inQuotes = !inQuotes;
    else if (char === delimiter && !inQuotes) {
      fields.push(field);
      field = "";
    } else field += char;
  }
  fields.push(field);
  return fields;
}

function commonestDelimiter(line: string): string {
  const counts = [",", ";", "\t"].map((delimiter) => [delimiter, line.split(delimiter).length - 1] as const);
  return counts.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}

function columnIndex(
  fields: readonly string[],
  path: string,
  wanted: string | undefined,
  usual: readonly string[],
  otherwise: number,
  what: string,
): number {
  const lower = fields.map((field) => field.toLowerCase());
  if (wanted !== undefined) {
    const index = lower.indexOf(wanted.toLowerCase());
    if (index >= 0) return index;
    throw inputError(path, 1, `has no column ${quoted(wanted)}`, `it has ${columnList(fields)}`);
  }
  const known = usual.map((name) => lower.indexOf(name)).find((index) => index >= 0);
  if (known !== undefined) return known;
  if (fields.length === 2) return otherwise;
  const fix = `set demand.${what}Column to one of ${columnList(fields)}`;
  throw inputError(path, 1, `which column is the ${what}?`, fix);
}

function columnList(fields: readonly string[]): string {
  return fields.slice(0, 12).map(quoted).join(", ");
}
