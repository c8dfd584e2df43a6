import type { Session } from "./sessions.ts";
import { hash32, mix32, seededDraws } from "./sketch/hash.ts";

/**
 * Who left and who stayed, by response time of the last step: all that the analysis needs, in fixed memory. Each
 * user has a weight of its own in each resample, drawn from Poisson(1) by hash: the Poisson bootstrap over users
 * (Chamandy et al. 2012) in one pass.
 */
export interface LatencyRecord {
  readonly strata: Map<string, number>;
  /** `[replicate][stratum][bin][stayed, left]`; replicate 0 is the record itself. */
  readonly cells: Float32Array;
  requests: number;
  left: number;
}

export type LatencySensitivity =
  | {
      readonly kind: "threshold";
      /** Responses slower than this make people leave. */
      readonly thresholdMs: number;
      /** 95 % of resamples of users lie in it. */
      readonly lowerMs: number;
      readonly upperMs: number;
      /** Odds of leaving beyond the threshold over those below, same endpoint and depth. */
      readonly oddsRatio: number;
      readonly oddsLower: number;
      readonly oddsUpper: number;
      readonly pValue: number;
      readonly requests: number;
      readonly curve: readonly HazardPoint[];
    }
  | {
      readonly kind: "cannot-tell";
      /** Why, in a sentence. */
      readonly reason: string;
      readonly requests: number;
      readonly curve: readonly HazardPoint[];
    };

export interface HazardPoint {
  readonly fromMs: number;
  readonly toMs: number;
  readonly requests: number;
  /** Share that left. */
  readonly left: number;
  /** Share that would have left if response time did not matter: the mean of their strata. */
  readonly expected: number;
}

const BINS = 24;
const MOST_STRATA = 192;
const REPLICATES = 60;
const FIRST_MS = 20;
/** 24 bins from 20 ms to about 60 s. */
const RATIO = 3000 ** (1 / (BINS - 2));
const PERMUTATIONS = 199;
const LEAST_LEFT = 30;

export function newLatencyRecord(): LatencyRecord {
  return {
    strata: new Map(),
    cells: new Float32Array((REPLICATES + 1) * MOST_STRATA * BINS * 2),
    requests: 0,
    left: 0,
  };
}

/** Lower edge of a bin, ms. */
export function latencyEdgeMs(bin: number): number {
  return bin <= 0 ? 0 : FIRST_MS * RATIO ** (bin - 1);
}

/** A session that ended by itself; one cut off by the end of the record tells of its last step nothing. */
export function countLeaving(record: LatencyRecord, session: Session, endKnown: boolean): void {
  const steps = session.cutSteps > 0 ? session.steps.slice(0, -1) : session.steps;
  const weights = userWeights(session.user);
  for (const [i, { endpoint, responseMs }] of steps.entries()) {
    const isLast = i === session.steps.length - 1;
    if (responseMs === undefined || (isLast && !endKnown)) continue;
    const stratum = stratumOf(record, `${endpoint} ${Math.min(3, Math.floor(Math.log2(i + 1)))}`);
    countCell(record, 2 * (stratum * BINS + binOf(responseMs)) + (isLast ? 1 : 0), weights);
    record.requests++;
    record.left += isLast ? 1 : 0;
  }
}

function countCell({ cells }: LatencyRecord, place: number, weights: readonly number[]): void {
  const size = MOST_STRATA * BINS * 2;
  cells[place] = (cells[place] ?? 0) + 1;
  for (const [r, weight] of weights.entries()) {
    const at = (r + 1) * size + place;
    cells[at] = (cells[at] ?? 0) + weight;
  }
}

/**
 * The response time beyond which people leave. For each threshold the odds of leaving above and below it are compared
 * within strata of same endpoint and same depth (Mantel and Haenszel 1959); the threshold with the largest chi-square
 * is taken. Searching many thresholds finds something in noise too: the largest is held against the largest of 199
 * shuffles of leaving within strata (p at most 0.01). Interval: the same search in resamples of users.
 */
export function latencySensitivity(record: LatencyRecord, seed = 1): LatencySensitivity {
  const observed = tableOf(record, 0);
  const curve = hazardCurve(observed);
  const base = { requests: record.requests, curve };
  const none = (reason: string): LatencySensitivity => ({ kind: "cannot-tell", reason, ...base });
  if (record.requests === 0) return none("no response times in the record");
  const best = bestThreshold(observed);
  if (best === undefined || record.left < LEAST_LEFT)
    return none(
      `${record.left} of ${record.requests} requests were the last: too few on both sides of any threshold`,
    );
  const pValue = shuffledShare(observed, best.chi, seed);
  if (pValue > 0.01 || best.odds <= 1)
    return none(`leaving does not depend on response time beyond chance (p = ${pValue.toFixed(3)})`);
  const resamples = Array.from({ length: REPLICATES }, (_, r) => tableOf(record, r + 1));
  const odds = resamples
    .map((table) => oddsAt(table, best.bin).odds)
    .filter(Number.isFinite)
    .sort(ascending);
  const bins = resamples.flatMap((table) => bestThreshold(table)?.bin ?? []).sort(ascending);
  const oddsLower = quantile(odds, 0.025);
  if (!(oddsLower > 1)) return none("few users make up the difference: resampled, it is gone");
  return {
    kind: "threshold",
    thresholdMs: latencyEdgeMs(best.bin),
    // A threshold is known to its bin at best.
    lowerMs: latencyEdgeMs(Math.min(best.bin, quantile(bins, 0.025)) - 1),
    upperMs: latencyEdgeMs(Math.max(best.bin, quantile(bins, 0.975), lastAlike(observed, best)) + 1),
    oddsRatio: best.odds,
    oddsLower,
    oddsUpper: quantile(odds, 0.975),
    pValue,
    ...base,
  };
}

/** `[stratum][bin][stayed, left]` of one resample. */
type Table = Float32Array;

function tableOf({ cells }: LatencyRecord, replicate: number): Table {
  const size = MOST_STRATA * BINS * 2;
  return cells.subarray(replicate * size, (replicate + 1) * size);
}

function binOf(ms: number): number {
  if (!(ms >= FIRST_MS)) return 0;
  return Math.min(BINS - 1, 1 + Math.floor(Math.log(ms / FIRST_MS) / Math.log(RATIO) + 1e-9));
}

/** The first strata have a place of their own, the rest share the last by depth: still matched by depth. */
function stratumOf({ strata }: LatencyRecord, name: string): number {
  const known = strata.get(name);
  if (known !== undefined) return known;
  const depth = Number(name.at(-1));
  if (strata.size >= MOST_STRATA - 4) return MOST_STRATA - 4 + depth;
  strata.set(name, strata.size);
  return strata.size - 1;
}

/** Poisson(1) by inversion, one per resample. */
function userWeights(user: string): readonly number[] {
  const hash = hash32(user, 11);
  return Array.from({ length: REPLICATES }, (_, r) => {
    const draw = mix32(hash + Math.imul(r + 1, 0x9e3779b1)) / 2 ** 32;
    let [count, term, sum] = [0, Math.exp(-1), Math.exp(-1)];
    while (draw > sum && count < 8) {
      count++;
      term /= count;
      sum += term;
    }
    return count;
  });
}

interface Split {
  readonly bin: number;
  readonly chi: number;
  readonly odds: number;
}

function bestThreshold(table: Table): Split | undefined {
  let best: Split | undefined;
  for (let bin = 1; bin < BINS; bin++) {
    const split = oddsAt(table, bin);
    if (split.leftAbove < LEAST_LEFT / 3 || split.above < LEAST_LEFT || split.below < LEAST_LEFT) continue;
    if (split.odds > 1 && (best === undefined || split.chi > best.chi)) best = split;
  }
  return best;
}

/** Where no response falls between two thresholds, both divide alike: the record cannot tell one from the other. */
function lastAlike(table: Table, best: Split): number {
  let bin = best.bin;
  while (bin + 1 < BINS && oddsAt(table, bin + 1).chi === best.chi) bin++;
  return bin;
}

/** Mantel-Haenszel odds ratio and chi-square of leaving at or above `bin` against below, over strata. */
function oddsAt(
  table: Table,
  bin: number,
): Split & { readonly leftAbove: number; readonly above: number; readonly below: number } {
  let [concordant, discordant, excess, variance] = [0, 0, 0, 0];
  const sums = { leftAbove: 0, above: 0, below: 0 };
  for (let s = 0; s < MOST_STRATA; s++) {
    const [stayedBelow, leftBelow, stayedAbove, leftAbove] = fourfold(table, s, bin);
    const n = stayedBelow + leftBelow + stayedAbove + leftAbove;
    if (n < 2 || stayedBelow + leftBelow === 0 || stayedAbove + leftAbove === 0) continue;
    const [above, left] = [stayedAbove + leftAbove, leftAbove + leftBelow];
    concordant += (leftAbove * stayedBelow) / n;
    discordant += (leftBelow * stayedAbove) / n;
    excess += leftAbove - (above * left) / n;
    variance += (above * (n - above) * left * (n - left)) / (n * n * (n - 1));
    sums.leftAbove += leftAbove;
    sums.above += above;
    sums.below += n - above;
  }
  const chi = variance > 0 ? (excess * excess) / variance : 0;
  return { bin, chi, odds: discordant > 0 ? concordant / discordant : Number.NaN, ...sums };
}

function fourfold(table: Table, stratum: number, bin: number): readonly [number, number, number, number] {
  const counts: [number, number, number, number] = [0, 0, 0, 0];
  for (let b = 0; b < BINS; b++) {
    const at = 2 * (stratum * BINS + b);
    const side = b < bin ? 0 : 2;
    counts[side] = (counts[side] ?? 0) + (table[at] ?? 0);
    counts[side + 1] = (counts[side + 1] ?? 0) + (table[at + 1] ?? 0);
  }
  return counts;
}

/** Share of shuffles, itself included, whose largest chi-square is no smaller. */
function shuffledShare(table: Table, chi: number, seed: number): number {
  const draw = seededDraws(seed);
  let atLeast = 1;
  for (let i = 0; i < PERMUTATIONS; i++) {
    const found = bestThreshold(shuffled(table, draw));
    if (found !== undefined && found.chi >= chi) atLeast++;
  }
  return atLeast / (PERMUTATIONS + 1);
}

/** Who left is drawn anew within each stratum, as many as there were: drawing without replacement. */
function shuffled(table: Table, draw: () => number): Table {
  const fresh = new Float32Array(table.length);
  for (let s = 0; s < MOST_STRATA; s++) {
    const [, , stayed, left] = fourfold(table, s, 0);
    if (stayed + left > 0)
      shuffleStratum(table, fresh, { from: 2 * s * BINS, requests: stayed + left, left }, draw);
  }
  return fresh;
}

function shuffleStratum(
  table: Table,
  fresh: Table,
  { from, requests, left }: { readonly from: number; readonly requests: number; readonly left: number },
  draw: () => number,
): void {
  let [rest, toLeave] = [requests, left];
  for (let at = from; at < from + 2 * BINS; at += 2) {
    for (let n = (table[at] ?? 0) + (table[at + 1] ?? 0); n > 0; n--) {
      const leaves = draw() * rest < toLeave ? 1 : 0;
      fresh[at + leaves] = (fresh[at + leaves] ?? 0) + 1;
      rest--;
      toLeave -= leaves;
    }
  }
}

function hazardCurve(table: Table): readonly HazardPoint[] {
  return Array.from({ length: BINS }, (_, bin) => {
    let [requests, left, expected] = [0, 0, 0];
    for (let s = 0; s < MOST_STRATA; s++) {
      const at = 2 * (s * BINS + bin);
      const here = (table[at] ?? 0) + (table[at + 1] ?? 0);
      if (here === 0) continue;
      const [, , allStayed, allLeft] = fourfold(table, s, 0);
      requests += here;
      left += table[at + 1] ?? 0;
      expected += (here * allLeft) / (allStayed + allLeft);
    }
    const shares = { left: left / requests, expected: expected / requests };
    return { fromMs: latencyEdgeMs(bin), toMs: latencyEdgeMs(bin + 1), requests, ...shares };
  }).filter(({ requests }) => requests > 0);
}

function ascending(a: number, b: number): number {
  return a - b;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
