import { readFileSync } from "node:fs";
import { z } from "zod";
import { UserError } from "../model/user-error.ts";
import { writeDurably } from "./durable-file.ts";
import { KIND_SCHEMA } from "./kind-schema.ts";
import { NOTHING_WANTED, type Wanted } from "./wanted.ts";

/** What a restarted supervisor comes back with. */
export interface SupervisorState {
  readonly wanted: Wanted;
  /** Port the router had, so that clients find it again. */
  readonly routerPort: number;
}

/** A missing file is an empty state; a damaged one is an error, since guessing sizes would be a silent outage. */
export function readState(file: string): SupervisorState {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { wanted: NOTHING_WANTED, routerPort: 0 };
    throw error;
  }
  const parsed = STATE_SCHEMA.safeParse(parseJson(text));
  if (parsed.success) return { wanted: parsed.data.wanted as Wanted, routerPort: parsed.data.routerPort };
  throw new UserError(`${file}: damaged supervisor state; delete it to start with no units`, 1);
}

export async function writeState(file: string, state: SupervisorState): Promise<void> {
  await writeDurably(file, `${JSON.stringify({ schema: 1, ...state })}\n`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const WHOLE = z.int().min(0);

const KIND = z.object({
  ...KIND_SCHEMA.shape,
  expiresWallMs: z.number().nullable(),
});

const STATE_SCHEMA = z.object({
  schema: z.literal(1),
  routerPort: WHOLE.max(65_535),
  wanted: z.object({
    plan: z
      .object({ planGeneration: WHOLE, decisionId: z.string(), cutoffMs: z.number(), observedUnits: WHOLE })
      .nullable(),
    planGeneration: WHOLE,
    tiers: z.object({ baseline: WHOLE.optional(), predictive: WHOLE.optional(), burst: WHOLE.optional() }),
    warm: z
      .object({
        units: WHOLE,
        ttlWallMs: z.number().nullable(),
        expiresMs: z.number().nullable(),
        reason: z.string(),
        expiresWallMs: z.number().nullable(),
      })
      .nullable(),
    kinds: z.record(z.string(), KIND).optional(),
  }),
});
