import fc from "fast-check";
import { expect, test } from "vitest";
import type { ActivityEvent } from "../../src/model/activity.ts";
import {
  closeSessions,
  newSessions,
  SESSION_SETTINGS,
  takeIntoSessions,
} from "../../src/profile/sessions.ts";
import { event, START_MS } from "./fixtures.ts";

const MINUTE_MS = 60_000;

function sessionsOf(events: readonly ActivityEvent[], lateMs = SESSION_SETTINGS.lateMs) {
  const state = newSessions({ ...SESSION_SETTINGS, lateMs });
  const ended = events.flatMap((one) => takeIntoSessions(state, one));
  const all = [...ended, ...closeSessions(state)];
  const shown = all.map(({ user, startMs, endMs, steps }) => ({
    user,
    startMs,
    endMs,
    path: steps.map((s) => s.endpoint),
  }));
  return { state, shown: shown.sort((a, b) => a.startMs - b.startMs || (a.user < b.user ? -1 : 1)) };
}

test("a pause of exactly the gap does not end a session, one millisecond more does", () => {
  const at = (atMs: number): ActivityEvent => event({ atMs });
  const gap = 30 * MINUTE_MS;
  expect(sessionsOf([at(START_MS), at(START_MS + gap)]).shown).toHaveLength(1);
  expect(sessionsOf([at(START_MS), at(START_MS + gap + 1)]).shown).toHaveLength(2);
});

test("order within the lateness does not matter", () => {
  const draws = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 2 })), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(
      draws,
      fc.array(fc.integer({ min: 0, max: 9 * MINUTE_MS }), { minLength: 40, maxLength: 40 }),
      (list, delays) => {
        const events = list.map(([minute, user], i) =>
          event({ atMs: START_MS + minute * MINUTE_MS + i, user: `u${user}`, endpoint: `/${i}` }),
        );
        const inOrder = events.toSorted((a, b) => a.atMs - b.atMs);
        const arrival = new Map(events.map((one, i) => [one, one.atMs + (delays[i] ?? 0)]));
        const delayed = events.toSorted((a, b) => (arrival.get(a) ?? 0) - (arrival.get(b) ?? 0));
        expect(sessionsOf(delayed, 10 * MINUTE_MS).shown).toEqual(sessionsOf(inOrder, 10 * MINUTE_MS).shown);
      },
    ),
  );
});

test("what comes too late is counted and in no session", () => {
  const events = [0, 200, 1].map((minute) =>
    event({ atMs: START_MS + minute * MINUTE_MS, user: `u${minute}` }),
  );
  const { state, shown } = sessionsOf(events);
  expect(state.lateEvents).toBe(1);
  expect(shown.map(({ user }) => user)).toEqual(["u0", "u200"]);
});

test("live sessions are bounded", () => {
  const state = newSessions({ ...SESSION_SETTINGS, maxLive: 10 });
  for (let i = 0; i < 50; i++) takeIntoSessions(state, event({ user: `u${i}` }));
  expect(state.live.size).toBe(10);
  expect(state.closedEarly).toBe(40);
});
