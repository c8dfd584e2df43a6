import { expect, test } from "vitest";
import { expectedRequests } from "../../src/profile/navigate/expected-requests.ts";
import { lossAndSlopes, rankByNetwork, trainNetwork } from "../../src/profile/navigate/gated-network.ts";
import {
  learnPath,
  NAVIGATION_SETTINGS,
  newNavigation,
  nextShares,
} from "../../src/profile/navigate/navigation.ts";
import { nextAccuracy } from "../../src/profile/navigate/next-accuracy.ts";
import { addPause, longerThan, newPace } from "../../src/profile/navigate/pace.ts";
import { prefetchPlan } from "../../src/profile/navigate/prefetch.ts";
import { START_MS } from "./fixtures.ts";

const DAY_MS = 86_400_000;

/** What follows `/b` depends on what was before it. */
function secondOrder(order: number) {
  const navigation = newNavigation({ ...NAVIGATION_SETTINGS, order });
  for (let i = 0; i < 50; i++) {
    learnPath(navigation, ["/a", "/b", "/c"], START_MS);
    learnPath(navigation, ["/x", "/b", "/y"], START_MS);
  }
  return navigation;
}

test("a longer context tells what a shorter one cannot", () => {
  const [first] = nextShares(secondOrder(3), ["/x", "/b"]).next;
  expect(first?.endpoint).toBe("/y");
  expect(first?.share).toBeGreaterThan(0.9);
  expect(nextShares(secondOrder(1), ["/x", "/b"]).next[0]?.share).toBeLessThan(0.6);
});

test("shares and leaving sum to 1, also in a context never seen", () => {
  for (const recent of [[], ["/a"], ["/new", "/b"], ["/c"]]) {
    const { leave, next } = nextShares(secondOrder(3), recent);
    const sum = next.reduce((total, { share }) => total + share, leave);
    expect(sum).toBeLessThanOrEqual(1 + 1e-9);
    expect(sum).toBeGreaterThan(0.9);
  }
  expect(nextShares(secondOrder(3), ["/b", "/c"]).leave).toBeGreaterThan(0.9);
});

test("habits fade: after ten half-lives the new way leads", () => {
  const navigation = newNavigation({ ...NAVIGATION_SETTINGS, halfLifeMs: DAY_MS });
  for (let i = 0; i < 100; i++) learnPath(navigation, ["/a", "/old"], START_MS);
  for (let i = 0; i < 5; i++) learnPath(navigation, ["/a", "/new"], START_MS + 10 * DAY_MS);
  expect(nextShares(navigation, ["/a"]).next[0]?.endpoint).toBe("/new");
  learnPath(navigation, ["/a", "/new"], START_MS + 500 * DAY_MS);
  expect(nextShares(navigation, ["/a"]).next.every(({ share }) => Number.isFinite(share))).toBe(true);
});

test("contexts and endpoints are bounded, and other endpoints are never offered", () => {
  const navigation = newNavigation({ ...NAVIGATION_SETTINGS, maxContexts: 200, maxEndpoints: 50 });
  for (let i = 0; i < 2_000; i++) learnPath(navigation, [`/p${i}`, `/p${i + 1}`, "/end"], START_MS);
  expect(navigation.contexts.size).toBeLessThanOrEqual(210);
  expect(navigation.names.length).toBeLessThanOrEqual(51);
  expect(nextShares(navigation, ["/p1999"]).next.map(({ endpoint }) => endpoint)).not.toContain("(other)");
});

test("accuracy counts steps after the first, gains are against the first ranking", () => {
  const [none, right] = nextAccuracy([["/a", "/b", "/c"], ["/a"]], {
    none: () => ["/z"],
    right: (recent) => ["/z", recent.at(-1) === "/a" ? "/b" : "/q"],
  });
  expect(none).toMatchObject({ steps: 2, sessions: 1, top3: 0 });
  expect(right).toMatchObject({ top1: 0, top3: 0.5, top3Gain: 0.5 });
});

test("one live session just begun is followed as the pace says", () => {
  const navigation = newNavigation();
  for (let i = 0; i < 1_000; i++) learnPath(navigation, ["/a", "/b"], START_MS);
  const pace = newPace();
  for (let i = 0; i < 100; i++) addPause(pace, i < 70 ? 10_000 : 1_000_000);
  const live = [{ recent: ["/a"], idleMs: 0 }];
  const soon = expectedRequests({ navigation, pace, live, horizonMs: 60_000, startsPerMinute: 0 });
  expect(soon.find(({ endpoint }) => endpoint === "/b")?.requests).toBeCloseTo(0.7, 1);
  const starts = expectedRequests({ navigation, pace, live: [], horizonMs: 60_000, startsPerMinute: 12 });
  expect(starts.find(({ endpoint }) => endpoint === "/a")?.requests).toBeCloseTo(12, 0);
  expect(longerThan(pace, 100_000)).toBeCloseTo(0.3, 2);
});

test("prefetch keeps to its budget, most hits per byte first, and plans nothing of unknown size", () => {
  const navigation = newNavigation();
  for (let i = 0; i < 40; i++)
    learnPath(navigation, ["/a", i % 4 === 0 ? "/large" : i % 4 === 1 ? "/secret" : "/small"], START_MS);
  const sizes: Record<string, number> = { "/large": 5_000, "/small": 100 };
  const plan = (budgetBytes: number) =>
    prefetchPlan({
      navigation,
      pace: newPace(),
      bytesOf: (e) => sizes[e],
      visitsPerHour: () => 10,
      budgetBytes,
      leastShare: 0.1,
    });
  expect(plan(2_000).items.map(({ endpoint }) => endpoint)).toEqual(["/small"]);
  expect(plan(100_000).items.map(({ endpoint }) => endpoint)).toEqual(["/small", "/large"]);
  expect(plan(100_000)).toMatchObject({ unknownSizes: 1, spentBytes: 51_000 });
});

test("the network's slopes are those of its loss", () => {
  const network = trainNetwork([["/a", "/b", "/c", "/a"]], {
    width: 3,
    maxEndpoints: 5,
    epochs: 1,
    rate: 0.1,
    seed: 2,
  });
  const gradient = new Float64Array(network.weights.length);
  const path = [1, 2, 3, 1, 2];
  lossAndSlopes(network, path, gradient);
  const scratch = new Float64Array(gradient.length);
  for (let i = 0; i < gradient.length; i++) {
    const kept = network.weights[i] ?? 0;
    const at = (value: number): number => {
      network.weights[i] = value;
      return lossAndSlopes(network, path, scratch).loss;
    };
    const slope = (at(kept + 1e-5) - at(kept - 1e-5)) / 2e-5;
    network.weights[i] = kept;
    expect(Math.abs(slope - (gradient[i] ?? 0))).toBeLessThan(1e-6);
  }
});

test("the network learns what comes after what", () => {
  const paths = Array.from({ length: 300 }, (_, i) =>
    i % 2 === 0 ? ["/a", "/b", "/c"] : ["/x", "/b", "/y"],
  );
  const network = trainNetwork(paths, { width: 8, maxEndpoints: 10, epochs: 6, rate: 0.03, seed: 1 });
  expect(rankByNetwork(network, ["/a", "/b"])[0]).toBe("/c");
  expect(rankByNetwork(network, ["/x", "/b"])[0]).toBe("/y");
});
