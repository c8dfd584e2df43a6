import type { ApprovalJournal, PlanApproval, PlanVerdict, ProposedPlan } from "../model/journal-port.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import { number, numberOrNull, type Row, type Store, text, textOrNull } from "./store.ts";

const COLUMNS = "plan_hash, inputs, decision, at_ms, expires_ms, state, by_whom, verdict_ms";
const MAX_NAME_CHARS = 200;

/** Plans that wait for a person. Bound to the plan's hash, good until an instant, used once. */
export function approvalJournal(store: Store): ApprovalJournal {
  return {
    proposePlan: (plan) => store.transaction(() => propose(store, plan)),
    pendingPlan: (nowMs) => {
      const row = store.get(
        `SELECT ${COLUMNS} FROM approvals
         WHERE state = 'pending' AND expires_ms > ? ORDER BY id DESC LIMIT 1`,
        nowMs,
      );
      return row === undefined ? null : toApproval(row);
    },
    planApproval: (planHash) => latest(store, planHash),
    approvePlan: (planHash, by, nowMs) => verdict(store, planHash, "approved", by, nowMs),
    rejectPlan: (planHash, by, nowMs) => verdict(store, planHash, "rejected", by, nowMs),
    takeApproval: (planHash, nowMs) =>
      store.transaction(() => {
        const plan = current(store, planHash, nowMs);
        if (plan?.state !== "approved") return { kind: "refused", reason: refusal(plan, planHash) };
        move(store, planHash, "used", plan.by, plan.verdictMs);
        return { kind: "taken", plan: { ...plan, state: "used" } };
      }),
  };
}

function propose(store: Store, plan: ProposedPlan): PlanApproval {
  store.run(
    "UPDATE approvals SET state = 'superseded' WHERE state IN ('pending', 'approved') AND plan_hash <> ?",
    plan.planHash,
  );
  const known = current(store, plan.planHash, plan.atMs);
  if (known !== null && STILL_SAID.has(known.state)) return known;
  store.run(
    `INSERT INTO approvals (plan_hash, inputs, decision, at_ms, expires_ms, state)
     VALUES (?, ?, ?, ?, ?, 'pending')`,
    plan.planHash,
    JSON.stringify(plan.stackInputs),
    JSON.stringify(plan.decision ?? null),
    plan.atMs,
    plan.expiresMs,
  );
  return { ...plan, state: "pending", by: null, verdictMs: null };
}

/** States that the same plan, proposed again, keeps: a rejected plan does not come back before it expires. */
const STILL_SAID: ReadonlySet<PlanApproval["state"]> = new Set(["pending", "approved", "rejected"]);

function verdict(
  store: Store,
  planHash: string,
  state: "approved" | "rejected",
  by: string,
  nowMs: number,
): PlanVerdict {
  return store.transaction(() => {
    const plan = current(store, planHash, nowMs);
    if (plan?.state !== "pending") return { kind: "refused", reason: refusal(plan, planHash) };
    const who = by.slice(0, MAX_NAME_CHARS);
    move(store, planHash, state, who, nowMs);
    return { kind: "accepted", plan: { ...plan, state, by: who, verdictMs: nowMs } };
  });
}

/** The latest proposal of a hash. Expiry is written down when seen, so a clock set back does not undo it. */
function current(store: Store, planHash: string, nowMs: number): PlanApproval | null {
  const plan = latest(store, planHash);
  if (plan === null || nowMs < plan.expiresMs || !STILL_SAID.has(plan.state)) return plan;
  move(store, planHash, "expired", plan.by, plan.verdictMs);
  return { ...plan, state: "expired" };
}

function latest(store: Store, planHash: string): PlanApproval | null {
  const row = store.get(
    `SELECT ${COLUMNS} FROM approvals WHERE plan_hash = ? ORDER BY id DESC LIMIT 1`,
    planHash,
  );
  return row === undefined ? null : toApproval(row);
}

function move(
  store: Store,
  planHash: string,
  state: PlanApproval["state"],
  by: string | null,
  atMs: number | null,
): void {
  store.run(
    `UPDATE approvals SET state = ?, by_whom = ?, verdict_ms = ?
     WHERE id = (SELECT max(id) FROM approvals WHERE plan_hash = ?)`,
    state,
    by,
    atMs,
    planHash,
  );
}

function refusal(plan: PlanApproval | null, planHash: string): string {
  if (plan === null) return `no plan ${planHash} was proposed`;
  switch (plan.state) {
    case "pending":
      return `plan ${planHash} waits for a verdict`;
    case "approved":
      return `plan ${planHash} is already approved`;
    case "rejected":
      return `plan ${planHash} was rejected`;
    case "used":
      return `plan ${planHash} was already applied: an approval holds once`;
    case "expired":
      return `plan ${planHash} has expired: wait for the next one`;
    case "superseded":
      return `plan ${planHash} was replaced by a newer one`;
  }
}

function toApproval(row: Row): PlanApproval {
  return {
    planHash: text(row, "plan_hash"),
    stackInputs: JSON.parse(text(row, "inputs")) as StackInputs,
    decision: JSON.parse(text(row, "decision")) as unknown,
    atMs: number(row, "at_ms"),
    expiresMs: number(row, "expires_ms"),
    state: text(row, "state") as PlanApproval["state"],
    by: textOrNull(row, "by_whom"),
    verdictMs: numberOrNull(row, "verdict_ms"),
  };
}
