/**
 * Adjusted Rand index of two labellings of the same rows (Hubert and Arabie 1985): 1 the same up to names, 0
 * what chance gives.
 */
export function adjustedRand(a: readonly number[], b: readonly number[]): number {
  const cells = new Map<string, number>();
  const rows = new Map<number, number>();
  const columns = new Map<number, number>();
  for (const [i, left] of a.entries()) {
    const right = b[i] ?? -1;
    cells.set(`${left},${right}`, (cells.get(`${left},${right}`) ?? 0) + 1);
    rows.set(left, (rows.get(left) ?? 0) + 1);
    columns.set(right, (columns.get(right) ?? 0) + 1);
  }
  const pairs = (counts: Map<unknown, number>): number =>
    [...counts.values()].reduce((sum, n) => sum + (n * (n - 1)) / 2, 0);
  const [together, inRows, inColumns] = [pairs(cells), pairs(rows), pairs(columns)];
  const expected = (inRows * inColumns) / Math.max(1, (a.length * (a.length - 1)) / 2);
  const most = (inRows + inColumns) / 2;
  return most === expected ? 1 : (together - expected) / (most - expected);
}
