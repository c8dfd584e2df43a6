import { addItem, type FrequentItems, heaviest, newFrequentItems } from "./sketch/frequent-items.ts";

/** Steps that many sessions take one after the other. */
export interface Workflow {
  readonly steps: readonly string[];
  /** Sessions that hold it, too low by at most `errorSessions`. */
  readonly sessions: number;
  readonly errorSessions: number;
  readonly share: number;
}

export interface Workflows {
  readonly sequences: FrequentItems;
  readonly shortest: number;
  readonly longest: number;
  sessions: number;
}

const MOST_STEPS = 60;

export function newWorkflows(capacity = 65_536, shortest = 3, longest = 6): Workflows {
  return { sequences: newFrequentItems(capacity), shortest, longest, sessions: 0 };
}

/** Counts each contiguous sequence of a session once, repeats of a step taken as one. */
export function countWorkflows(state: Workflows, path: readonly string[]): void {
  const steps = path.filter((endpoint, i) => i === 0 || endpoint !== path[i - 1]).slice(0, MOST_STEPS);
  state.sessions++;
  const seen = new Set<string>();
  for (let length = state.shortest; length <= state.longest; length++)
    for (let from = 0; from + length <= steps.length; from++)
      seen.add(JSON.stringify(steps.slice(from, from + length)));
  for (const key of seen) addItem(state.sequences, key);
}

/**
 * The most common sequences, longest first among equals: one inside a longer one is left out unless it has a quarter
 * more sessions of its own.
 */
export function workflows(state: Workflows, leastSessions: number, most = 25): readonly Workflow[] {
  const { sequences, sessions } = state;
  const found = heaviest(sequences, 2_000)
    .filter(({ weight }) => weight >= leastSessions)
    .map(({ key, weight }) => ({ key: key.slice(1, -1), steps: JSON.parse(key) as string[], weight }))
    .sort((a, b) => b.steps.length - a.steps.length || b.weight - a.weight);
  const kept: typeof found = [];
  for (const one of found) {
    const covered = kept.some((other) => other.key.includes(one.key) && one.weight < 1.25 * other.weight);
    if (!covered) kept.push(one);
  }
  return kept
    .sort((a, b) => b.weight - a.weight || b.steps.length - a.steps.length)
    .slice(0, most)
    .map(({ steps, weight }) => ({
      steps,
      sessions: weight,
      errorSessions: sequences.error,
      share: weight / sessions,
    }));
}
