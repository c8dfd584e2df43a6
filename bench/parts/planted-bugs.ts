/** One bug: `text`, once in `file`, becomes `instead`; `found` is the promise that must be seen to break. */
export interface PlantedBug {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly instead: string;
  /** Start of the broken line, e.g. `I2`; several where chance decides which is seen first. */
  readonly found: readonly string[];
}

function bug(name: string, file: string, text: string, instead: string, ...found: string[]): PlantedBug {
  return { name, file: `src/${file}.ts`, text, instead, found };
}

const OBSERVE = "controller/observe-demand";
const ACT = "controller/act";
const CYCLE = "controller/cycle";
const PASS = "controller/pass";

/** Bugs that a night has to find. Each is one that somebody could have written. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  bug(
    "a gap counts as zero",
    OBSERVE,
    "Number.isNaN(value) ? null : value",
    "Number.isNaN(value) ? 0 : value",
    "I2",
  ),
  bug("nonsense is let through", OBSERVE, "withoutNonsense(await answer)", "await answer", "I1", "I9"),
  bug(
    "a slow source is waited for without end",
    "controller/in-time",
    "limit.wallMs * clock.speed",
    "1e12",
    "B5-28",
  ),
  bug(
    "no second look before acting",
    ACT,
    "if (moved !== undefined) return",
    'if (moved === "") return',
    "B5-13",
  ),
  bug(
    "the intent is closed before the effect",
    ACT,
    "const result = await driver",
    'journal.closeIntent(intent, { atMs: 0, kind: "done", note: "" });\n  const result = await driver',
    "I4",
    "I1",
    "I5",
    "B5",
  ),
  bug(
    "no intent at all",
    ACT,
    "const intent = journal.openIntent({",
    "const intent = ((_: unknown) => 0)({",
    "I4",
  ),
  bug(
    "what was applied is not written down",
    ACT,
    "journal.setAppliedInputs(request.inputs, clock.nowMs(), request.inputs.planGeneration);",
    "",
    "I5",
    "B5-25",
    "I1",
  ),
  bug(
    "a policy's no is taken for a yes",
    ACT,
    'if (preview.kind !== "previewed") return failed(preview);\n  const moved',
    'if (preview.kind === "failed") return failed(preview);\n  const moved',
    "I7",
  ),
  bug("shadow acts", ACT, '    case "active":\n', '    case "shadow":\n    case "active":\n', "I7", "B5-25"),
  bug(
    "a pause is for deciding only",
    ACT,
    'outcome.reason === "paused")',
    'outcome.reason === "limited")',
    "B5-25",
  ),
  bug(
    "an approval is good for any plan",
    ACT,
    "const planHash = hashText(request.inputsKey);",
    'const planHash = hashText("plan");',
    "B5-40",
  ),
  bug(
    "equal plans run the engine",
    ACT,
    "if (settled && request.isApplied) return",
    "if (settled && request.isApplied && request.cycle < 0) return",
    "B5-25",
    "I3",
  ),
  bug(
    "a bad run is forgotten",
    ACT,
    "const settled = !(request.drifted || request.needsRecovery);",
    "const settled = !request.drifted;",
    "I5",
    "B5-25",
  ),
  bug("drift is not seen", PASS, "  return TIERS.some(", "  return TIERS.length > 9 && TIERS.some(", "I5"),
  bug(
    "an old answer of the platform lowers what is held",
    PASS,
    'if (freshness === "fresh" && !recentRps.includes(null) && !isGone) return seen;',
    "if (!isGone) return seen;",
    "I2",
  ),
  bug(
    "a lost journal is not read afresh",
    PASS,
    "if (applied === null) return platform.planGeneration > 0;",
    "if (applied === null) return false;",
    "I5",
    "I2",
    "I1",
  ),
  bug(
    "the plan's number does not rise",
    CYCLE,
    "differs ? journal.nextPlanGeneration() : journal.planGeneration()",
    "journal.planGeneration() + 1",
    "I3",
    "I5",
  ),
  bug(
    "open intents are not looked for",
    "controller/recover",
    "const open = parts.journal.openIntents();",
    "const open = parts.journal.openIntents().slice(0, 0);",
    "I5",
  ),
  bug(
    "recovery leaves the intents open",
    "controller/recover",
    "for (const intent of open)\n    journal",
    "for (const intent of open.slice(1))\n    journal",
    "I5",
  ),
  bug(
    "a clock put back is waited out",
    "controller/daemon",
    "if (boundary - nowMs > 2 * intervalMs)",
    "if (boundary - nowMs > 200 * intervalMs)",
    "B5-28",
  ),
  bug(
    "a clock put back during the wait",
    "controller/daemon",
    "await parts.clock.sleep(waitMs, options.signal);",
    "await parts.clock.sleep(Math.max(0, next - parts.clock.nowMs()), options.signal);",
    "B5-28",
  ),
  bug(
    "the reactive floor is left out",
    "decide/decide",
    "const floorUnits = facts.need.observedUnits;",
    "const floorUnits = 0;",
    "I1",
  ),
  bug(
    "a gap does not bar a scale-down",
    "decide/scale-down",
    "const mayRelease = facts.demand.fresh && !gap;",
    "const mayRelease = true;",
    "I2",
  ),
  bug(
    "a step down is not bounded",
    "decide/release",
    "const given = Math.min(allowed, step);",
    "const given = allowed;",
    "I1",
    "I5",
  ),
  bug(
    "shrink first",
    "decide/grow-first",
    "return Math.max(0, readyCount - neededUnits);",
    "return readyCount;",
    "I1",
  ),
  bug(
    "a forecast is not checked",
    CYCLE,
    "if (fault === undefined) return made;",
    "return made;",
    "I1",
    "B5-9",
  ),
  bug(
    "the gate lets every forecast act",
    "assess/assess",
    "if (input.gate?.forecastActs === false) {",
    "if (input.gate === undefined) {",
    "B5-9",
  ),
  bug(
    "decide reads a clock",
    "decide/decide",
    "    id: input.decisionId,",
    "    id: input.decisionId + String(performance.now()),",
    "I9",
  ),
  bug(
    "total units have no maximum",
    "decide/guardrails",
    '{ limit: "total-max", units: limits.maxTotalUnits - total }',
    '{ limit: "total-max", units: 1e6 }',
    "I5",
    "B5-9",
    "I1",
  ),
  bug(
    "a setting in the record",
    OBSERVE,
    'demandRps: last.value, recentRps, freshness: "fresh", note: "" }',
    'demandRps: last.value, recentRps, freshness: "fresh", note: settings.pulumi.passphraseFile ?? "" }',
    "I8",
  ),
  bug(
    "the chain skips a hash",
    "journal/cycles",
    "const hash = chained(previous, raw);",
    "const hash = chained(NO_HASH, raw);",
    "I9",
  ),
  bug(
    "a number is not kept over a restart",
    "journal/plans",
    "DO UPDATE SET value = value + 1 RETURNING value",
    "DO UPDATE SET value = value RETURNING value",
    "I3",
    "I5",
  ),
];
