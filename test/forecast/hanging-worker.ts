/** A worker that never answers. */
export function runJob(): never {
  for (;;) Math.sqrt(2);
}
