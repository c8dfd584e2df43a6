import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import type { PolicyEvidence } from "../model/ports.ts";
import { plain } from "./changes.ts";
import type { PinnedPack } from "./policy-pack.ts";

/** Events of the engine that its own TypeScript declarations do not list (apitype/events.go of the same version). */
interface PolicyEvents {
  readonly policyAnalyzeSummaryEvent?: AnalyzeSummary & { readonly resourceUrn: string };
  readonly policyAnalyzeStackSummaryEvent?: AnalyzeSummary;
  readonly summaryEvent?: { readonly PolicyPacks?: Readonly<Record<string, string>> };
}

interface AnalyzeSummary {
  readonly policyPackName: string;
  readonly passed?: readonly string[];
}

/**
 * What the engine itself says of the pack: which policies passed on which resource and on the whole stack.
 *
 * A policy that was removed or disabled is in no list; one that was downgraded to advisory shows its violation all
 * the same; one that could not run is an event too. So the rule is not "no error" but "every policy that should
 * have looked says it passed".
 */
export function policyEvidence(events: readonly EngineEvent[], pack: PinnedPack): PolicyEvidence {
  const seen = passedPolicies(events as readonly (EngineEvent & PolicyEvents)[], pack.name);
  const violations = violationsOf(events);
  const missing: string[] = [];
  const version = packVersion(events as readonly (EngineEvent & PolicyEvents)[], pack);
  if (version === undefined) missing.push(`the engine did not run the pack in ${pack.folder}`);
  for (const policy of pack.policies) {
    if (policy.scope === "stack" && !seen.stack.has(policy.name))
      missing.push(`policy ${policy.name} did not run`);
  }
  for (const urn of touchedUrns(events)) missing.push(...missingFor(urn, seen.resources.get(urn), pack));
  let passed = seen.stack.size;
  for (const names of seen.resources.values()) passed += names.size;
  return { pack: pack.name, packHash: pack.hash, packVersion: version ?? "", passed, violations, missing };
}

interface Passed {
  readonly resources: ReadonlyMap<string, ReadonlySet<string>>;
  readonly stack: ReadonlySet<string>;
}

function passedPolicies(events: readonly (EngineEvent & PolicyEvents)[], packName: string): Passed {
  const resources = new Map<string, Set<string>>();
  const stack = new Set<string>();
  for (const event of events) {
    const perStack = ownSummary(event.policyAnalyzeStackSummaryEvent, packName);
    addAll(stack, perStack?.passed);
    const perResource = ownSummary(event.policyAnalyzeSummaryEvent, packName);
    if (perResource === undefined) continue;
    const names = resources.get(perResource.resourceUrn) ?? new Set<string>();
    addAll(names, perResource.passed);
    resources.set(perResource.resourceUrn, names);
  }
  return { resources, stack };
}

function ownSummary<Summary extends AnalyzeSummary>(
  summary: Summary | undefined,
  pack: string,
): Summary | undefined {
  return summary?.policyPackName === pack ? summary : undefined;
}

function addAll(names: Set<string>, more: readonly string[] | undefined): void {
  for (const name of more ?? []) names.add(name);
}

function missingFor(
  urn: string,
  passed: ReadonlySet<string> | undefined,
  pack: PinnedPack,
): readonly string[] {
  const type = urn.split("::").at(-2)?.split("$").at(-1) ?? "";
  return pack.policies
    .filter(
      (policy) => policy.scope === "resource" && policy.types.includes(type) && !passed?.has(policy.name),
    )
    .map((policy) => `policy ${policy.name} did not pass ${urn.split("::").at(-1)}`);
}

/** Every resource the run named, unchanged ones too; deletes have nothing left to judge. */
function touchedUrns(events: readonly EngineEvent[]): readonly string[] {
  const urns = new Set<string>();
  for (const event of events) {
    const metadata = event.resourcePreEvent?.metadata ?? event.resOutputsEvent?.metadata;
    if (metadata !== undefined && !metadata.op.startsWith("delete")) urns.add(metadata.urn);
  }
  return [...urns].sort();
}

/** Advisory ones count too: a limit is a limit. */
function violationsOf(events: readonly EngineEvent[]): readonly string[] {
  const lines = new Set<string>();
  for (const event of events) {
    const violation = event.policyEvent;
    if (violation === undefined) continue;
    lines.add(`${violation.policyName}: ${violationText(violation.message)}`);
  }
  return [...lines];
}

/** The message is the policy's description, then what it says of this resource: people need the latter. */
function violationText(message: string): string {
  const lines = message
    .split("\n")
    .map(plain)
    .filter((line) => line !== "");
  return (lines.length > 1 ? lines.slice(1) : lines).join(" ") || "violated";
}

/** Version of the pack that ran from the pinned folder; keys look like `name|local|folder`. */
function packVersion(events: readonly (EngineEvent & PolicyEvents)[], pack: PinnedPack): string | undefined {
  for (const event of events) {
    for (const [key, version] of Object.entries(event.summaryEvent?.PolicyPacks ?? {})) {
      if (key.startsWith(`${pack.name}|`) && key.endsWith(pack.folder)) return version;
    }
  }
  return undefined;
}
