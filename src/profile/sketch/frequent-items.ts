/** The heaviest keys of a stream in bounded memory. */
export interface FrequentItems {
  readonly capacity: number;
  readonly weights: Map<string, number>;
  /** What a kept or forgotten key may have had more than it shows. */
  error: number;
  total: number;
}

export interface FrequentItem {
  readonly key: string;
  /** At least this, at most `weight + error` of the sketch. */
  readonly weight: number;
}

/**
 * Misra-Gries with batched decrements, which is space-saving seen from below (Agarwal et al. 2012, theorem 2): no
 * weight is too high, none too low by more than `error`, which is at most 2 total / capacity; every key above
 * that is there. Exact while there are fewer than `capacity` keys.
 */
export function newFrequentItems(capacity: number): FrequentItems {
  return { capacity, weights: new Map(), error: 0, total: 0 };
}

/** Amortized O(1): a full table loses its median weight from every key at once, hence half of its keys. */
export function addItem(items: FrequentItems, key: string, weight = 1): void {
  const { weights, capacity } = items;
  weights.set(key, (weights.get(key) ?? 0) + weight);
  items.total += weight;
  if (weights.size > capacity) shed(items);
}

/** Multiplies everything, for decay. */
export function scaleItems(items: FrequentItems, factor: number): void {
  for (const [key, weight] of items.weights) items.weights.set(key, weight * factor);
  items.error *= factor;
  items.total *= factor;
}

export function heaviest({ weights }: FrequentItems, count: number): readonly FrequentItem[] {
  return [...weights]
    .map(([key, weight]) => ({ key, weight }))
    .sort((a, b) => b.weight - a.weight || (a.key < b.key ? -1 : 1))
    .slice(0, count);
}

function shed(items: FrequentItems): void {
  const sorted = Float64Array.from(items.weights.values()).sort();
  const cut = sorted[sorted.length >> 1] ?? 0;
  for (const [key, weight] of items.weights) {
    if (weight <= cut) items.weights.delete(key);
    else items.weights.set(key, weight - cut);
  }
  items.error += cut;
}
