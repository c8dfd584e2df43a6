import { expect, onTestFinished, test } from "vitest";
import { createApp } from "../../src/http/server.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { memoryLog } from "../../src/log.ts";
import { tempFolder } from "../journal/folders.ts";
import { statusOf } from "./statuses.ts";

const NOW_MS = Date.parse("2026-03-01T00:00:00Z");
const SALE = { kind: "sale", start: "2026-03-05T10:00:00Z", end: "2026-03-05T11:00:00Z", lift: 2 };

function open(folder = tempFolder()) {
  const journal = openJournal({ folder, retentionMs: 1e12 });
  const status = statusOf();
  const app = createApp(
    { status: () => status, monotonicMs: () => 0, journal, events: { journal, nowMs: () => NOW_MS } },
    memoryLog(),
  );
  onTestFinished(() => app.close());
  const ask = async (
    method: "GET" | "POST" | "DELETE" | "PUT",
    url: string,
    body?: unknown,
    headers = {},
  ) => {
    const payload = body === undefined ? {} : { payload: body as object };
    const reply = await app.inject({ method, url, headers: { host: "localhost", ...headers }, ...payload });
    return { code: reply.statusCode, body: reply.body === "" ? undefined : reply.json() };
  };
  return { ask, journal, folder };
}

test("one event or a list is stored, known from now on, seen again after a restart, replaced and deleted", async () => {
  const { ask, journal, folder } = open();
  const made = await ask("POST", "/v1/events", SALE);
  expect(made.code).toBe(201);
  expect(made.body).toEqual({
    apiVersion: "tiercast/v1",
    kind: "Events",
    events: [
      {
        id: "sale 2026-03-05T10:00:00Z",
        kind: "sale",
        start: "2026-03-05T10:00:00.000Z",
        end: "2026-03-05T11:00:00.000Z",
        announced: "2026-03-01T00:00:00.000Z",
        lift: 2,
      },
    ],
  });
  const list = [
    { ...SALE, id: "a/b c", lift: undefined },
    { ...SALE, id: "z", start: Date.parse(SALE.start) },
  ];
  expect((await ask("POST", "/v1/events", list)).code).toBe(201);
  expect((await ask("POST", "/v1/events", { ...SALE, id: "z", lift: 3 })).code).toBe(201);
  journal.close();
  const again = open(folder);
  const seen = await again.ask("GET", "/v1/events");
  expect(
    seen.body.events.map((one: { id: string; lift?: number }) => `${one.id} ${one.lift}`).sort(),
  ).toEqual(["a/b c undefined", "sale 2026-03-05T10:00:00Z 2", "z 3"]);
  expect((await again.ask("DELETE", `/v1/events/${encodeURIComponent("a/b c")}`)).code).toBe(204);
  expect((await again.ask("DELETE", "/v1/events/a")).code).toBe(404);
  expect((await again.ask("GET", "/v1/events")).body.events).toHaveLength(2);
});

test.each([
  [{ ...SALE, end: SALE.start }, /^end 2026-03-05T10:00:00Z is not after start .* \(mend one of them\)$/],
  [{ ...SALE, start: "2026-03-05 10:00" }, /^start is not a time/],
  [{ ...SALE, kind: 7 }, /^kind is missing/],
  [{ ...SALE, lift: "2" }, /^lift is not a number/],
  [{ ...SALE, lift: 1000 }, /^lift is not a factor/],
  [{ ...SALE, colour: "red" }, /^has a key that events do not have/],
  [[SALE, { ...SALE, kind: "" }], /^event 2: kind is missing/],
  [[SALE, SALE], /^event 2: its id is there twice/],
  [[], /^the list has no event in it$/],
  [[null], /^event 1: is no event/],
])("%j is refused and nothing is stored", async (body, error) => {
  const { ask } = open();
  const reply = await ask("POST", "/v1/events", body);
  expect(reply.code).toBe(400);
  expect(reply.body.error).toMatch(error);
  expect((await ask("GET", "/v1/events")).body.events).toEqual([]);
});

test("only JSON, only this machine, no page of another origin, no other writing route", async () => {
  const { ask } = open();
  const type = { "content-type": "text/plain" };
  expect((await ask("POST", "/v1/events", JSON.stringify(SALE), type)).code).toBe(415);
  expect((await ask("POST", "/v1/events", "{", { "content-type": "application/json" })).code).toBe(400);
  expect((await ask("POST", "/v1/events", SALE, { host: "evil.example" })).code).toBe(421);
  expect((await ask("POST", "/v1/events", SALE, { origin: "http://evil.example" })).code).toBe(403);
  expect((await ask("DELETE", "/v1/events/a", undefined, { origin: "null" })).code).toBe(403);
  expect((await ask("POST", "/v1/events", SALE, { origin: "http://localhost:7311" })).code).toBe(201);
  expect((await ask("PUT", "/v1/events", SALE)).code).toBe(405);
  expect((await ask("DELETE", "/v1/events")).code).toBe(405);
  expect((await ask("POST", "/api/status", SALE)).code).toBe(405);
  expect((await ask("POST", "/v1/events", [{ ...SALE, kind: "x".repeat(600_000) }])).code).toBe(413);
});

test("2,000 events are stored, one more is refused, those long over make room", async () => {
  const { ask } = open();
  const many = (count: number, year: number) =>
    Array.from({ length: count }, (_, i) => ({
      ...SALE,
      id: `${year}-${i}`,
      start: `${year}-03-05T10:00:00Z`,
      end: `${year}-03-05T11:00:00Z`,
    }));
  expect((await ask("POST", "/v1/events", many(100, 2024))).code).toBe(201);
  expect((await ask("POST", "/v1/events", many(2_000, 2026))).code).toBe(201);
  const full = await ask("POST", "/v1/events", SALE);
  expect(full.code).toBe(409);
  expect(full.body.error).toMatch(/^more than 2000 events would be stored: delete some/);
  expect((await ask("GET", "/v1/events")).body.events).toHaveLength(2_000);
});
