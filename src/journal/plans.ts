import type { AppliedInputs, PlanJournal } from "../model/journal-port.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import { number, type Store, text } from "./store.ts";

/** Plan generations and the inputs that were applied last. */
export function planJournal(store: Store): PlanJournal {
  return {
    nextPlanGeneration: () =>
      store.transaction(() => {
        const row = store.get(
          `INSERT INTO counters (name, value) VALUES ('plan-generation', 1)
           ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value`,
        );
        return number(row ?? {}, "value");
      }),
    planGeneration: () => {
      const row = store.get("SELECT value FROM counters WHERE name = 'plan-generation'");
      return row === undefined ? 0 : number(row, "value");
    },
    raisePlanGeneration: (seen) => raise(store, seen),
    appliedInputs: () => inSlot(store, "applied"),
    setAppliedInputs: (inputs, atMs, generation) => {
      store.run(
        "INSERT OR REPLACE INTO plans (slot, inputs, at_ms, generation) VALUES ('applied', ?, ?, ?)",
        JSON.stringify(inputs),
        atMs,
        generation,
      );
    },
    lastGoodInputs: () => inSlot(store, "good"),
    markAppliedGood: () => {
      store.run(
        `INSERT OR REPLACE INTO plans (slot, inputs, at_ms, generation)
         SELECT 'good', inputs, at_ms, generation FROM plans WHERE slot = 'applied'`,
      );
    },
  };
}

function raise(store: Store, seen: number): void {
  if (!Number.isSafeInteger(seen)) throw new RangeError(`plan generation ${seen} is not a whole number`);
  store.run(
    `INSERT INTO counters (name, value) VALUES ('plan-generation', ?)
     ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)`,
    seen,
  );
}

function inSlot(store: Store, slot: "applied" | "good"): AppliedInputs | null {
  const row = store.get("SELECT inputs, at_ms, generation FROM plans WHERE slot = ?", slot);
  if (row === undefined) return null;
  return {
    inputs: JSON.parse(text(row, "inputs")) as StackInputs,
    atMs: number(row, "at_ms"),
    generation: number(row, "generation"),
  };
}
