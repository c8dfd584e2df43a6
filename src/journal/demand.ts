import type { DemandJournal, LeadTimeJournal } from "../model/journal-port.ts";
import type { DemandSeries } from "../model/series.ts";
import { durationMs, epochMs } from "../model/time.ts";
import { number, type Store } from "./store.ts";

const MAX_SERIES = 1_000;
/** Steps that one read returns at most: ten years of one-minute steps. */
const MAX_STEPS_READ = 5_300_000;
const MAX_LEAD_TIMES = 500;

/** Demand on its grids. A grid is a key, a step and a phase: another step never mixes with what is there. */
export function demandJournal(store: Store): DemandJournal {
  return {
    appendDemand: (key, fromMs, stepMs, values) => {
      if (!Number.isSafeInteger(fromMs) || !Number.isSafeInteger(stepMs) || stepMs <= 0)
        throw new RangeError(`journal: demand ${key} from ${fromMs} by ${stepMs} is not a grid in whole ms`);
      store.transaction(() => {
        const id = seriesFor(store, key, stepMs, phaseOf(fromMs, stepMs));
        for (let i = 0; i < values.length; i++)
          store.run(
            `INSERT INTO demand (series, at_ms, value) VALUES (?, ?, ?)
             ON CONFLICT (series, at_ms) DO UPDATE SET value = coalesce(excluded.value, value)`,
            id,
            fromMs + i * stepMs,
            finiteOrNull(values[i]),
          );
      });
    },
    readDemand: (key, fromMs, toMs) => read(store, key, fromMs, toMs),
  };
}

export function leadTimeJournal(store: Store): LeadTimeJournal {
  return {
    appendLeadTime: ({ atMs, leadTimeMs, cycle }) => {
      store.transaction(() => {
        store.run(
          "INSERT INTO lead_times (at_ms, lead_time_ms, cycle) VALUES (?, ?, ?)",
          atMs,
          leadTimeMs,
          cycle,
        );
        store.run("DELETE FROM lead_times WHERE id <= (SELECT max(id) FROM lead_times) - ?", MAX_LEAD_TIMES);
      });
    },
    leadTimes: (limit) =>
      store
        .all(
          "SELECT * FROM lead_times ORDER BY id DESC LIMIT ?",
          Math.max(0, Math.min(limit, MAX_LEAD_TIMES)),
        )
        .toReversed()
        .map((row) => ({
          atMs: number(row, "at_ms"),
          leadTimeMs: number(row, "lead_time_ms"),
          cycle: number(row, "cycle"),
        })),
  };
}

function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

function phaseOf(instantMs: number, stepMs: number): number {
  return ((instantMs % stepMs) + stepMs) % stepMs;
}

function seriesFor(store: Store, key: string, stepMs: number, phaseMs: number): number {
  const row = store.get(
    `INSERT INTO series (key, step_ms, phase_ms, written)
     VALUES (?, ?, ?, coalesce((SELECT max(written) FROM series), 0) + 1)
     ON CONFLICT (key, step_ms, phase_ms)
     DO UPDATE SET written = (SELECT max(written) FROM series) + 1 RETURNING id`,
    key,
    stepMs,
    phaseMs,
  );
  const count = number(store.get("SELECT count(*) AS n FROM series") ?? {}, "n");
  if (count > MAX_SERIES) throw new RangeError(`journal: more than ${MAX_SERIES} demand series`);
  return number(row ?? {}, "id");
}

function read(store: Store, key: string, fromMs: number, toMs: number): DemandSeries | null {
  const grid = store.get("SELECT * FROM series WHERE key = ? ORDER BY written DESC LIMIT 1", key);
  if (grid === undefined) return null;
  const stepMs = number(grid, "step_ms");
  const id = number(grid, "id");
  const rows = store.all(
    "SELECT at_ms, value FROM demand WHERE series = ? AND at_ms >= ? AND at_ms <= ? ORDER BY at_ms LIMIT ?",
    id,
    fromMs,
    toMs - stepMs,
    MAX_STEPS_READ,
  );
  const first = rows[0];
  if (first === undefined)
    return { startMs: epochMs(fromMs), stepMs: durationMs(stepMs), values: new Float64Array(0) };
  const startMs = number(first, "at_ms");
  const count = Math.min(MAX_STEPS_READ, Math.floor((toMs - startMs) / stepMs));
  const values = new Float64Array(count).fill(Number.NaN);
  for (const row of rows) {
    const value = row["value"];
    if (typeof value === "number") values[(number(row, "at_ms") - startMs) / stepMs] = value;
  }
  return { startMs: epochMs(startMs), stepMs: durationMs(stepMs), values };
}
