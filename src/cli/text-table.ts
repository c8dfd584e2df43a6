export interface TableColumn {
  readonly title: string;
  /** Numbers stand right. */
  readonly right?: boolean;
}

const GAP = "  ";

/** Columns as wide as their widest cell, two spaces apart; the first line holds the titles in capitals. */
export function textTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ right }, i) => {
        const cell = cells[i] ?? "";
        const width = widths[i] ?? 0;
        return right ? cell.padStart(width) : cell.padEnd(width);
      })
      .join(GAP)
      .trimEnd();
  return [line(columns.map(({ title }) => title.toUpperCase())), ...rows.map(line)].join("\n");
}
