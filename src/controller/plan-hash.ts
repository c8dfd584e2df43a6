import { createHash } from "node:crypto";

/** SHA-256, hexadecimal, first 16 digits: enough to tell plans apart, short enough to type. */
export function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
