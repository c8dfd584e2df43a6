import { CommandError, ConcurrentUpdateError } from "@pulumi/pulumi/automation/index.js";
import type { EngineFailure } from "../model/ports.ts";
import { plain } from "./changes.ts";

const REASON_LENGTH = 600;

/**
 * The one place that reads the engine's words. Texts were taken from the pinned CLI; `test/engine` runs into each
 * of them with the real engine, so a new CLI that says it otherwise fails a test, not a night.
 */
export function failureOf(error: unknown): EngineFailure {
  const text = plain(error instanceof Error ? error.message : String(error));
  if (error instanceof ConcurrentUpdateError || isLocked(text))
    return { kind: "locked", by: lockHolder(text), ownDead: false };
  if (/stale plan/i.test(text)) return { kind: "stale-plan", reason: sentence(text, /stale plan[^;|]*/i) };
  if (/ENOSPC|no space left on device/i.test(text)) {
    return {
      kind: "failed",
      reason: "no space left on device: free some, then the next cycle goes on by itself",
    };
  }
  if (/passphrase/i.test(text) && /incorrect|must be set|failed to decrypt/i.test(text)) {
    return { kind: "failed", reason: "the stack's passphrase is not the one in the passphrase file" };
  }
  return { kind: "failed", reason: shorten(error instanceof CommandError ? diagnosticsOf(text) : text) };
}

/** A lock file that is no JSON makes the engine fail with a parse error instead of its own words. */
function isLocked(text: string): boolean {
  return (
    /the stack is currently locked by/i.test(text) ||
    /Another update is currently in progress/i.test(text) ||
    /failed to (?:read|unmarshal|parse).{0,40}lock/i.test(text) ||
    /\.pulumi\/locks\//.test(text)
  );
}

function lockHolder(text: string): string {
  return /created by [^:]*/i.exec(text)?.[0] ?? /locks?\/[^ ]*: [^.]*/.exec(text)?.[0] ?? "another update";
}

function sentence(text: string, pattern: RegExp): string {
  return shorten(pattern.exec(text)?.[0] ?? text);
}

/** What stands after `Diagnostics:`; the rest of a command error repeats the command line and the progress. */
function diagnosticsOf(text: string): string {
  const at = text.indexOf("Diagnostics:");
  const stderr = /stderr: (.*?)(?:\berr\?:|$)/.exec(text)?.[1]?.trim();
  if (at >= 0) return text.slice(at + "Diagnostics:".length).trim();
  return stderr === undefined || stderr === "" ? text : stderr;
}

function shorten(text: string): string {
  return text.length > REASON_LENGTH ? `${text.slice(0, REASON_LENGTH)}...` : text;
}
