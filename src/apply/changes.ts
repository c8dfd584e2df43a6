import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import type { ResourceChange } from "../model/ports.ts";

const SHOWN_TEXT = 200;
const BOOKKEEPING = new Set(["__provider", "unitsBefore", "endpointFile"]);

/** Resource operations of a run, in the engine's order; resources that stay the same are left out. */
export function changesOf(events: readonly EngineEvent[]): readonly ResourceChange[] {
  const changes: ResourceChange[] = [];
  for (const event of events) {
    const metadata = event.resourcePreEvent?.metadata;
    if (metadata === undefined || metadata.op === "same" || metadata.type === "pulumi:pulumi:Stack") continue;
    changes.push({
      op: metadata.op,
      type: metadata.type,
      name: metadata.urn.split("::").at(-1) ?? metadata.urn,
      diff: inputDiff(metadata.old?.inputs ?? {}, metadata.new?.inputs ?? {}),
    });
  }
  return changes;
}

/** Operation counts as the engine summed them up. */
export function summaryOf(events: readonly EngineEvent[]): Readonly<Record<string, number>> {
  for (const event of events) {
    if (event.summaryEvent !== undefined)
      return { ...(event.summaryEvent.resourceChanges as Record<string, number>) };
  }
  return {};
}

/** Outputs of the stack resource, from its outputs event. */
export function outputsOf(events: readonly EngineEvent[]): Readonly<Record<string, unknown>> {
  for (const event of events) {
    const metadata = event.resOutputsEvent?.metadata;
    if (metadata?.type === "pulumi:pulumi:Stack") return { ...(metadata.new?.outputs ?? {}) };
  }
  return {};
}

/** Error lines of the run, without colour codes, oldest first. */
export function errorsOf(events: readonly EngineEvent[]): readonly string[] {
  const lines: string[] = [];
  for (const event of events) {
    const diagnostic = event.diagnosticEvent;
    if (diagnostic?.severity === "error") lines.push(plain(diagnostic.message));
  }
  return lines;
}

/** `<{%fg 1%}>text<{%reset%}>`, ANSI sequences and control characters become plain text on one line. */
export function plain(text: string): string {
  return text
    .replace(/<\{%.*?%\}>/g, "")
    .replace(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g"), "")
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim();
}

function inputDiff(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>) {
  const properties = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return properties
    .filter((property) => !BOOKKEEPING.has(property))
    .map((property) => ({ property, before: shown(before[property]), after: shown(after[property]) }))
    .filter((entry) => entry.before !== entry.after);
}

function shown(value: unknown): string {
  if (value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT)}...` : text;
}
