import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { openJournal } from "../../src/journal/journal.ts";
import type { Journal } from "../../src/model/journal-port.ts";
import { tempFolder } from "./folders.ts";
import { inputsOf } from "./records.ts";

test("approved once, taken once, with who and when", () => {
  const journal = open();
  journal.proposePlan(planOf("h1"));
  expect(journal.pendingPlan(50)).toMatchObject({ planHash: "h1", state: "pending", by: null });
  expect(journal.takeApproval("h1", 50)).toEqual({ kind: "refused", reason: "plan h1 waits for a verdict" });
  expect(journal.approvePlan("h1", "ann", 60).kind).toBe("accepted");
  expect(journal.approvePlan("h1", "bob", 61)).toMatchObject({ reason: "plan h1 is already approved" });
  expect(journal.pendingPlan(61)).toBeNull();
  expect(journal.takeApproval("h1", 70)).toMatchObject({
    kind: "taken",
    plan: { by: "ann", verdictMs: 60, stackInputs: inputsOf(1) },
  });
  expect(journal.takeApproval("h1", 71)).toMatchObject({ reason: expect.stringContaining("holds once") });
  expect(journal.planApproval("h1")).toMatchObject({ state: "used", by: "ann" });
});

test("proposed again, a plan keeps its expiry and its verdict; after use or expiry it is a new one", () => {
  const journal = open();
  journal.proposePlan(planOf("h1"));
  expect(journal.proposePlan(planOf("h1", { atMs: 90, expiresMs: 900 })).expiresMs).toBe(100);
  journal.rejectPlan("h1", "ann", 50);
  expect(journal.proposePlan(planOf("h1", { atMs: 95, expiresMs: 900 })).state).toBe("rejected");
  expect(journal.proposePlan(planOf("h1", { atMs: 101, expiresMs: 900 }))).toMatchObject({
    state: "pending",
    by: null,
  });
  expect(journal.pendingPlan(102)?.expiresMs).toBe(900);
});

test("a changed plan supersedes, approved or not", () => {
  const journal = open();
  journal.proposePlan(planOf("h1"));
  journal.approvePlan("h1", "ann", 10);
  journal.proposePlan(planOf("h2"));
  expect(journal.takeApproval("h1", 20)).toMatchObject({ reason: "plan h1 was replaced by a newer one" });
  expect(journal.takeApproval("h2", 20).kind).toBe("refused");
  expect(journal.approvePlan("h3", "ann", 20)).toMatchObject({ reason: "no plan h3 was proposed" });
});

test("expired once is expired, also when the clock goes back", () => {
  const journal = open();
  journal.proposePlan(planOf("h1"));
  journal.approvePlan("h1", "ann", 99);
  expect(journal.takeApproval("h1", 100)).toMatchObject({ reason: expect.stringContaining("expired") });
  expect(journal.takeApproval("h1", 50).kind).toBe("refused");
});

test("in any order of calls, nothing is taken that was not approved, in time, for that hash, unused", () => {
  const journal = open();
  let nowMs = 0;
  let run = 0;
  let takenCount = 0;
  const step = fc.record({
    act: fc.constantFrom("propose", "approve", "reject", "take", "wait"),
    index: fc.integer({ min: 0, max: 1 }),
    ms: fc.integer({ min: 1, max: 60 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 15, maxLength: 40 }), (steps) => {
      run++;
      const events: Event[] = [];
      for (const { act, index, ms } of steps) {
        const hash = `run${run}-${index}`;
        if (act === "wait") nowMs += ms;
        else if (did(journal, act, hash, nowMs)) events.push({ act, hash });
        if (events.at(-1)?.act !== "take") continue;
        events.pop();
        expect(isGood(events, hash)).toBe(true);
        expect(nowMs).toBeLessThan(journal.planApproval(hash)?.expiresMs ?? 0);
        events.push({ act: "used", hash });
        takenCount++;
      }
    }),
    { numRuns: 300 },
  );
  expect(takenCount).toBeGreaterThan(20);
}, 60_000);

interface Event {
  readonly act: string;
  readonly hash: string;
}

/** Approved, and since then not used, not rejected, and no other plan proposed. */
function isGood(events: readonly Event[], hash: string): boolean {
  const approved = events.findLastIndex((event) => event.act === "approve" && event.hash === hash);
  const since = events.slice(approved + 1);
  return approved >= 0 && since.every((event) => event.act === "propose" && event.hash === hash);
}

/** Does it; whether the journal accepted. */
function did(journal: Journal, act: string, hash: string, nowMs: number): boolean {
  if (act === "approve") return journal.approvePlan(hash, "ann", nowMs).kind === "accepted";
  if (act === "reject") return journal.rejectPlan(hash, "ann", nowMs).kind === "accepted";
  if (act === "take") return journal.takeApproval(hash, nowMs).kind === "taken";
  journal.proposePlan(planOf(hash, { atMs: nowMs, expiresMs: nowMs + 100 }));
  return true;
}

function open(): Journal {
  const journal = openJournal({ folder: tempFolder(), retentionMs: 1e12 });
  onTestFinished(() => journal.close());
  return journal;
}

function planOf(planHash: string, over: { atMs?: number; expiresMs?: number } = {}) {
  return {
    planHash,
    stackInputs: inputsOf(1),
    decision: { why: "rise ahead" },
    atMs: 0,
    expiresMs: 100,
    ...over,
  };
}
