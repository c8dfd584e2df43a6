import { z } from "zod";

/** More idle connections than this are no reserve but an attack on the server. */
const MOST_PIECES = 1_000;
const COUNT = z.int("give a whole number").min(0).max(MOST_PIECES);
const HEX = z.string().regex(/^(?:[0-9a-f]{2}){1,4096}$/i, "give bytes as hexadecimal digits");

/** What is asked of one kind of warm pieces, as it is sent and stored. */
export const KIND_SCHEMA = z.strictObject({
  count: COUNT,
  minCount: COUNT,
  ttlWallMs: z.number().min(0).nullable(),
  expiresMs: z.number().nullable(),
  reason: z.string().max(1_024),
  target: z.strictObject({
    host: z.string().min(1).max(253),
    port: z.int().min(1).max(65_535),
    hello: z.strictObject({ sendHex: HEX, untilHex: HEX }).nullable(),
    connectTimeoutMs: z.number().min(1).max(600_000),
  }),
});
