import { addItem, type FrequentItems, heaviest, newFrequentItems } from "./sketch/frequent-items.ts";

/** `first` and `second` in the same session. */
export interface Association {
  readonly first: string;
  readonly second: string;
  /** Sessions with both. */
  readonly sessions: number;
  /** Share of all sessions with both. */
  readonly support: number;
  /** Share of the sessions with `first` that have `second` (Agrawal et al. 1993). */
  readonly confidence: number;
  /** How many times more often together than if they had nothing to do with each other. */
  readonly lift: number;
}

/** Items and pairs of sessions, in bounded memory. */
export interface Associations {
  readonly items: FrequentItems;
  readonly pairs: FrequentItems;
  sessions: number;
}

const MOST_PER_SESSION = 40;

export function newAssociations(maxItems = 4_096, maxPairs = 65_536): Associations {
  return { items: newFrequentItems(maxItems), pairs: newFrequentItems(maxPairs), sessions: 0 };
}

/** Counts the distinct items of a session, at most 40 of them: pairs grow with the square. */
export function countTogether(state: Associations, items: Iterable<string>): void {
  const distinct = [...new Set(items)].slice(0, MOST_PER_SESSION).sort();
  if (distinct.length === 0) return;
  state.sessions++;
  for (const [i, first] of distinct.entries()) {
    addItem(state.items, first);
    for (const second of distinct.slice(i + 1)) addItem(state.pairs, JSON.stringify([first, second]));
  }
}

/**
 * Rules with at least `leastSessions` sessions, by how much surer `second` is for `first` being there (leverage:
 * support less what chance gives). Counts of pairs are too low by at most `pairs.error`.
 */
export function associations(state: Associations, leastSessions: number, most = 50): readonly Association[] {
  const { items, pairs, sessions } = state;
  const rules: Association[] = [];
  for (const { key, weight } of heaviest(pairs, pairs.capacity)) {
    if (weight < leastSessions) break;
    const [a, b] = JSON.parse(key) as [string, string];
    for (const [first, second] of [
      [a, b],
      [b, a],
    ] as const) {
      const withFirst = items.weights.get(first) ?? 0;
      const withSecond = items.weights.get(second) ?? 0;
      if (withFirst === 0 || withSecond === 0) continue;
      const confidence = weight / withFirst;
      const lift = (confidence * sessions) / withSecond;
      rules.push({ first, second, sessions: weight, support: weight / sessions, confidence, lift });
    }
  }
  return strongest(rules, most);
}

function strongest(rules: readonly Association[], most: number): readonly Association[] {
  const leverage = ({ support, lift }: Association): number => support * (1 - 1 / lift);
  return rules
    .filter(({ lift }) => lift > 1)
    .toSorted(
      (a, b) => leverage(b) - leverage(a) || b.confidence - a.confidence || (a.first < b.first ? -1 : 1),
    )
    .slice(0, most);
}
