import { expect, test } from "vitest";
import { associations, countTogether, newAssociations } from "../../src/profile/associations.ts";
import { countLeaving, latencySensitivity, newLatencyRecord } from "../../src/profile/latency-sensitivity.ts";
import {
  allProfiles,
  newProfiles,
  PROFILE_SETTINGS,
  profileEntry,
  profileOf,
  profileOfEntry,
  takeIntoProfiles,
} from "../../src/profile/profiles.ts";
import { deservedDemand, endWindow, newSecurityWatch, watchEvent } from "../../src/profile/security.ts";
import { adjustedRand } from "../../src/profile/segment/agreement.ts";
import { botVerdict, scoreBots } from "../../src/profile/segment/bots.ts";
import { dbscan } from "../../src/profile/segment/dbscan.ts";
import { kMeans } from "../../src/profile/segment/k-means.ts";
import { movedSegment } from "../../src/profile/segment/rules.ts";
import { seededDraws } from "../../src/profile/sketch/hash.ts";
import { countWorkflows, newWorkflows, workflows } from "../../src/profile/workflows.ts";
import { event, START_MS } from "./fixtures.ts";

const DAY_MS = 86_400_000;

test("a profile decays by half each half-life, goes through a store, and is bounded", () => {
  const state = newProfiles({ ...PROFILE_SETTINGS, halfLifeMs: DAY_MS });
  for (let i = 0; i < 200; i++)
    takeIntoProfiles(state, event({ endpoint: `/p${i % 40}`, atMs: START_MS + i }));
  takeIntoProfiles(state, event({ atMs: START_MS + DAY_MS }));
  const profile = profileOf(state, "u");
  if (profile === undefined) throw new Error("no profile");
  expect(profile.requests).toBeCloseTo(101, 1);
  expect(profile.history.map(([, requests]) => requests)).toEqual([200, 1]);
  expect(Object.keys(profile.endpoints).length).toBeLessThanOrEqual(12);
  expect(profileOfEntry(profileEntry(profile))).toEqual(profile);
  expect(profileEntry(profile).state.length).toBeLessThan(2_000);
});

test("more users than there is room for are handed out, the one untouched for longest first", () => {
  const state = newProfiles({ ...PROFILE_SETTINGS, maxUsers: 2 });
  const out = ["a", "b", "a", "c"].map((user) => takeIntoProfiles(state, event({ user }))?.user);
  expect(out).toEqual([undefined, undefined, undefined, "b"]);
  expect(allProfiles(state)).toHaveLength(2);
});

test("association: support, confidence and lift of ten sessions", () => {
  const state = newAssociations();
  for (let i = 0; i < 10; i++) countTogether(state, i < 4 ? ["/a", "/b"] : i < 6 ? ["/a"] : ["/c"]);
  const rule = associations(state, 2).find(({ first }) => first === "/a");
  expect(rule).toMatchObject({ second: "/b", sessions: 4, support: 0.4 });
  expect(rule?.confidence).toBeCloseTo(4 / 6);
  expect(rule?.lift).toBeCloseTo(4 / 6 / 0.4);
});

test("a workflow is counted once a session, and a part of it is not shown beside it", () => {
  const state = newWorkflows();
  for (let i = 0; i < 6; i++) countWorkflows(state, ["/a", "/b", "/b", "/c", "/d", "/a", "/b", "/c", "/d"]);
  const found = workflows(state, 5);
  expect(found.every(({ sessions }) => sessions === 6)).toBe(true);
  expect(found.some(({ steps }) => steps.join() === "/a,/b,/c")).toBe(false);
});

/** Sessions in which `leaveSlow` leave after a response above two seconds, and one in ten after any other. */
function latencyOf(leaveSlow: number) {
  const draw = seededDraws(9);
  const record = newLatencyRecord();
  for (let i = 0; i < 3_000; i++) {
    const steps = [];
    for (let left = false; !left && steps.length < 30; ) {
      const responseMs = draw() < 0.2 ? 2_500 + 3_000 * draw() : 100 + 800 * draw();
      steps.push({ atMs: START_MS + steps.length, endpoint: `/p${steps.length % 3}`, bytes: 1, responseMs });
      left = draw() < (responseMs > 2_000 ? leaveSlow : 0.1);
    }
    const counts = { requests: steps.length, errors: 0, bytes: 0, cutSteps: 0 };
    countLeaving(
      record,
      { user: `u${i}`, startMs: 0, endMs: 1, steps, ...counts, device: "desktop", agent: "browser" },
      true,
    );
  }
  return latencySensitivity(record);
}

test("a planted threshold is found with an interval around it", () => {
  const found = latencyOf(0.4);
  if (found.kind !== "threshold") throw new Error(found.reason);
  expect(found.lowerMs).toBeLessThanOrEqual(2_500);
  expect(found.upperMs).toBeGreaterThanOrEqual(2_000);
  expect(found.thresholdMs).toBeGreaterThan(800);
  expect(found.thresholdMs).toBeLessThan(3_500);
  expect(found.oddsRatio).toBeGreaterThan(3);
});

test("no effect and no response times: cannot tell", () => {
  expect(latencyOf(0.1).kind).toBe("cannot-tell");
  expect(latencySensitivity(newLatencyRecord())).toMatchObject({
    kind: "cannot-tell",
    reason: "no response times in the record",
  });
});

test("a crawler is a bot by behaviour, a reader is none, and labels take no part in the judgement", () => {
  const state = newProfiles();
  const view = { siteHasAssets: true, siteHasReferrers: true };
  for (let i = 0; i < 40; i++) {
    takeIntoProfiles(state, event({ user: "crawler", endpoint: `/p${i}`, atMs: START_MS + i * 10_000 }));
    const endpoint = i % 4 === 0 ? `/p${i % 8}` : `/style-${i % 4}.css`;
    takeIntoProfiles(state, event({ user: "reader", endpoint, atMs: START_MS + i * i * 900, referrer: "/" }));
    takeIntoProfiles(
      state,
      event({ user: "honest", endpoint, atMs: START_MS + i * i * 900, referrer: "/", agent: "declared-bot" }),
    );
  }
  const verdict = (user: string, withDeclared: boolean) => {
    const profile = profileOf(state, user);
    return profile === undefined ? undefined : botVerdict(profile, { ...view, withDeclared });
  };
  expect(verdict("crawler", false)).toMatchObject({
    isBot: true,
    traits: expect.arrayContaining(["no-assets", "regular"]),
  });
  expect(verdict("reader", true)?.isBot).toBe(false);
  expect(verdict("honest", false)?.isBot).toBe(false);
  expect(verdict("honest", true)?.isBot).toBe(true);
  expect(scoreBots(allProfiles(state), view, 3)).toMatchObject({
    labelled: 1,
    found: 1,
    precision: 0,
    recall: 0,
  });
});

test("clusters of two far groups are found by both ways, and agree", () => {
  const draw = seededDraws(3);
  const rows = Array.from({ length: 60 }, (_, i) => [draw() + (i < 30 ? 0 : 9), draw()]);
  const truth = rows.map((_, i) => (i < 30 ? 0 : 1));
  expect(adjustedRand(kMeans(rows, 2, 1).labels, truth)).toBe(1);
  const dense = dbscan(rows, 4, 1.2);
  expect(dense.clusters).toBe(2);
  expect(adjustedRand([0, 1, 0, 1], [0, 0, 1, 1])).toBeLessThan(0);
});

test("a user moves when two judgements in a row say so", () => {
  expect(movedSegment("casual", "casual", "power")).toBe("casual");
  expect(movedSegment("casual", "power", "power")).toBe("power");
});

test("many failing users in one window are credential stuffing, a busy day is not", () => {
  const watch = newSecurityWatch();
  for (let i = 0; i < 60; i++) watchEvent(watch, event({ user: `u${i}`, atMs: START_MS + i }));
  expect(endWindow(watch)).toEqual([]);
  for (let i = 0; i < 60; i++)
    watchEvent(
      watch,
      event({ user: `v${i}`, atMs: START_MS + i, endpoint: "/login", method: "POST", status: 401 }),
    );
  expect(endWindow(watch).map(({ kind }) => kind)).toEqual(["credential-stuffing"]);
});

test("one reader of hundreds of endpoints scrapes; its assets do not count", () => {
  const watch = newSecurityWatch();
  for (let i = 0; i < 150; i++) {
    watchEvent(watch, event({ user: "scraper", endpoint: `/p${i}` }));
    watchEvent(watch, event({ user: "gallery", endpoint: `/p${i}.png` }));
  }
  expect(endWindow(watch)).toMatchObject([{ kind: "scraping", user: "scraper" }]);
});

test.each([
  ["serve", 100, 0],
  ["cap", 75, 25],
  ["ignore", 70, 30],
] as const)("policy %s: %d of 100 deserve capacity", (policy, deserved, excluded) => {
  expect(deservedDemand(100, 30, policy, 5)).toMatchObject({ deserved, excluded });
});
