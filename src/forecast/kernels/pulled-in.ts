/** Side of the last error beyond the limit (0 when it was within), and how far the next on it is let in. */
export interface Pull {
  side: number;
  bound: number;
}

/**
 * The error, as far as it counts: at most `limit`, and where errors beyond it repeat on one side, twice, four
 * times, ... as far each time. A spike is forgotten, a level shift believed within a few steps. Changes
 * `pull`. A gap stays one.
 */
export function pulledIn(pull: Pull, error: number, limit: number): number {
  if (!(Math.abs(error) > limit)) {
    if (!Number.isNaN(error)) pull.side = 0;
    return error;
  }
  const side = Math.sign(error);
  const allowed = side === pull.side ? pull.bound : limit;
  pull.side = side;
  pull.bound = allowed * 2;
  return side * Math.min(Math.abs(error), allowed);
}
