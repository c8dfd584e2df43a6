import { z } from "zod";
import { closest } from "./closest.ts";
import {
  absent,
  countField,
  durationField,
  groupField,
  listField,
  numberField,
  quantileField,
  textField,
} from "./fields.ts";
import { shown } from "./problem.ts";

const KINDS = ["queue", "amount"];
const name = textField("Name of the resource.", /^[a-z][a-z0-9-]{0,39}$/, "a name of a-z, 0-9 and -");

const queue = groupField({
  kind: z.literal("queue").describe("Requests that wait for a slot, with a latency objective."),
  name,
  slotsPerUnit: countField("Requests a unit works on at a time.", { min: 1, max: 10_000 }),
  serviceTime: durationField("Mean time a request keeps a slot busy."),
  latencyObjective: durationField("Latency that requests should meet, waiting included."),
  latencyPercentile: quantileField("Share of requests that must meet it; 0.95 for p95.").prefault(0.95),
});

const amount = groupField({
  kind: z.literal("amount").describe("So much of a resource per request/s against so much in a unit."),
  name,
  perRps: numberField("Amount in use per request/s (cores, GiB, MiB/s ...).", { min: 0, max: 1e9 }),
  idle: numberField("Amount in use with no demand, over the whole service.", { min: 0, max: 1e9 }).prefault(
    0,
  ),
  perUnit: numberField("Amount in a unit.", { min: 1e-9, max: 1e9 }),
  targetUtilization: numberField("Share of it that may be in use.", { min: 0.05, max: 1 }).prefault(0.8),
});

/** From demand to units, per resource; the one that needs the most decides. */
export const resourcesField = listField(
  "From demand to units. Default: one queue named requests with the platform's slots and service time.",
  z.discriminatedUnion("kind", [queue, amount], { error: ({ input }) => kindMistake(input) }),
  16,
);

function kindMistake(input: unknown): string {
  if (typeof input !== "object" || input === null) return `must be a group of settings, not ${shown(input)}`;
  const kind: unknown = "kind" in input ? input.kind : undefined;
  const near = typeof kind === "string" ? closest(kind, KINDS) : undefined;
  const fix = near === undefined ? "write queue or amount" : `did you mean ${near}?`;
  return absent(kind) ?? `must be one of queue, amount, not ${shown(kind)} (${fix})`;
}
