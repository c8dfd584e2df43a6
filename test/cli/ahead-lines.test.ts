import { expect, test } from "vitest";
import { eventLine, leadingLine } from "../../src/cli/ahead-lines.ts";
import { cycleLines } from "../../src/cli/cycle-text.ts";
import { evidenceLines } from "../../src/cli/forecast-text.ts";
import type { ForecastEvidence } from "../../src/model/forecast.ts";
import { durationMs, epochMs, HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import { recordOf } from "../journal/records.ts";

const NOON_MS = Date.UTC(2026, 2, 2, 12);
const EVENT = {
  id: "launch",
  kind: "campaign",
  startMs: epochMs(NOON_MS),
  endMs: epochMs(NOON_MS + HOUR_MS),
  factor: 2,
  lower: 1.5,
  upper: 3,
  occurrences: 4,
  source: "seen",
} as const;
const MOVED = { name: "sessions", accepted: true, lagMs: 15 * MINUTE_MS, reason: "loss x 0.81" };
const ASIDE = { name: "a\u001b[31m", accepted: false, lagMs: undefined, reason: "no time in common" };
const EVIDENCE: ForecastEvidence = {
  weights: {},
  coverage90: [],
  scoreCount: [],
  relativeError: undefined,
  anomalyScore: 0,
  anomalyMultiplier: 1,
  eventEffects: [EVENT],
  leading: [MOVED, ASIDE],
  failures: {},
  fitMs: 0,
};
const LINES = [
  "event: campaign launch from 2026-03-02T12:00:00.000Z: demand x 2.00 (1.50 to 3.00; as before, 4 seen)",
  "leading: sessions, 15m ahead: moves the forecast (loss x 0.81)",
];

test("what is known ahead is a line each, in words", () => {
  expect([eventLine(EVENT), leadingLine(MOVED)]).toEqual(LINES);
  expect(leadingLine(ASIDE)).toBe("leading: a\\x1b[31m: left aside (no time in common)");
  expect(leadingLine({ ...MOVED, lagMs: 0 })).toContain("sessions, no lead: moves");
});

test("forecast and explain show them", () => {
  const subject = { evidence: EVIDENCE, horizonsMs: [] } as unknown as Parameters<typeof evidenceLines>[0];
  expect(evidenceLines(subject, [])).toEqual(expect.arrayContaining(LINES));
  const forecast = { cutoffMs: epochMs(NOON_MS), stepMs: durationMs(HOUR_MS), levels: [], quantiles: [] };
  const record = recordOf(1, { forecast, evidence: EVIDENCE });
  expect(cycleLines(record, "UTC", (_, text) => text)).toEqual(
    expect.arrayContaining(LINES.map((line) => `  ${line}`)),
  );
});
