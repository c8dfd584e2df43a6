export interface EndpointCount {
  readonly endpoint: string;
  readonly count: number;
}

/** Distinct endpoints that are counted by name; a scanner invents more, and those are one. */
const MAX_COUNTED = 4096;
const MAX_REPORTED = 200;
const OTHER = "(other)";

/** Counts one more request, in bounded memory. */
export function countEndpoint(counts: Map<string, number>, endpoint: string): void {
  const known = counts.get(endpoint);
  if (known !== undefined) counts.set(endpoint, known + 1);
  else if (counts.size < MAX_COUNTED) counts.set(endpoint, 1);
  else counts.set(OTHER, (counts.get(OTHER) ?? 0) + 1);
}

/** The 200 most asked for, most first, and the sum of all others as `(other)`, last. */
export function topEndpoints(counts: ReadonlyMap<string, number>): readonly EndpointCount[] {
  const named = [...counts]
    .filter(([endpoint]) => endpoint !== OTHER)
    .map(([endpoint, count]) => ({ endpoint, count }))
    .sort((a, b) => b.count - a.count || (a.endpoint < b.endpoint ? -1 : 1));
  const rest = named.slice(MAX_REPORTED).reduce((sum, { count }) => sum + count, counts.get(OTHER) ?? 0);
  return rest === 0 ? named : [...named.slice(0, MAX_REPORTED), { endpoint: OTHER, count: rest }];
}
