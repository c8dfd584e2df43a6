import type { DecideInput } from "../model/decide-input.ts";
import type {
  PrewarmPlan,
  PrewarmRequest,
  PrewarmState,
  PrewarmTaskPlan,
  PrewarmTaskSettings,
  PrewarmTaskState,
} from "../model/prewarm.ts";
import type { ControllerParts } from "./parts.ts";
import { modeInForce, type Pass } from "./pass.ts";

/** The plan in hand, as `decide` is given it. */
export function prewarmInput({ journal, settings }: ControllerParts): Pick<DecideInput, "prewarm"> {
  if (settings.prewarm === undefined) return {};
  const plan = journal.getState("prewarm")?.plan;
  return plan === undefined ? {} : { prewarm: plan };
}

/**
 * Carries out what the pre-warming plan is due for, after the cycle's update: each task once, tried again inside its
 * time where it failed. What was begun is on disk before it begins: after a crash it counts as cut off and is not
 * repeated. Whatever goes wrong here is said and recorded, and never hurts the cycle.
 */
export async function prewarm(pass: Pass): Promise<void> {
  const { parts, record } = pass;
  try {
    const plan = record.decision?.prewarm;
    if (parts.settings.prewarm === undefined || plan === undefined) return;
    record.prewarm = await carryOut(pass, nextState(pass, plan));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    parts.log.warn("verify", `pre-warming: ${message}`, { cycle: record.cycle });
  }
}

/** The state of this plan: as the journal knows it, tasks whose time ran out and those a crash cut off said so. */
function nextState({ parts }: Pass, plan: PrewarmPlan): PrewarmState {
  const nowMs = parts.clock.nowMs();
  const known = parts.journal.getState("prewarm");
  const before = known?.plan.id === plan.id ? known.tasks : [];
  const tasks = plan.tasks.map((task): PrewarmTaskState => {
    const state = before.find(({ name }) => name === task.name) ?? {
      name: task.name,
      state: "waiting",
      attempts: 0,
      atMs: nowMs,
      note: "",
    };
    if (state.state === "begun") return { ...state, state: "cut-off", note: "the daemon ended amid it" };
    const isOpen = state.state === "waiting" || state.state === "failed";
    if (isOpen && nowMs >= task.untilMs) return { ...state, state: "expired", atMs: nowMs };
    return state;
  });
  return { plan, tasks };
}

async function carryOut(pass: Pass, state: PrewarmState): Promise<PrewarmState> {
  const { parts, options } = pass;
  const { plan } = state;
  const due = state.tasks.filter((task) => isDue(parts, plan, task));
  const barred = barrier(pass);
  if (due.length === 0 || barred !== undefined) {
    const names = new Set(due.map(({ name }) => name));
    const tasks = state.tasks.map((task): PrewarmTaskState => {
      return names.has(task.name) ? { ...task, state: "recorded", note: barred ?? "" } : task;
    });
    return keep(parts, { plan, tasks });
  }
  const nowMs = parts.clock.nowMs();
  const begun = due.map(
    (task): PrewarmTaskState => ({ ...task, state: "begun", attempts: task.attempts + 1, atMs: nowMs }),
  );
  const waiting = keep(parts, merged(state, begun));
  const ended = await Promise.all(begun.map((task) => runTask(parts, plan, task, options.signal)));
  for (const { name, state: how, note } of ended) {
    if (how === "done") parts.log.info("verify", `pre-warming ${plan.id}: ${name} is done`, { note });
    else parts.log.warn("verify", `pre-warming ${plan.id}: ${name} failed: ${note}`);
  }
  return keep(parts, merged(waiting, ended));
}

function isDue({ settings, clock }: ControllerParts, plan: PrewarmPlan, task: PrewarmTaskState): boolean {
  const most = settings.prewarm?.maxAttempts ?? 1;
  const isOpen = task.state === "waiting" || (task.state === "failed" && task.attempts < most);
  return (
    isOpen && clock.nowMs() >= plan.dueMs && settingsOf(settings.prewarm?.tasks, task.name) !== undefined
  );
}

function settingsOf(tasks: readonly PrewarmTaskSettings[] | undefined, name: string) {
  return tasks?.find((task) => task.name === name);
}

/** Modes that do not act only record. An approval is for a plan of sizes, so `suggest` does not act here either. */
function barrier(pass: Pass): string | undefined {
  const { parts, record } = pass;
  const mode = modeInForce(pass);
  if (parts.prewarm === undefined) return "nothing carries tasks out here";
  const { outcome } = record.decision ?? {};
  if (outcome?.kind === "hold" && outcome.reason === "paused") return "paused";
  return mode === "active" ? undefined : `mode ${mode}`;
}

async function runTask(
  parts: ControllerParts,
  plan: PrewarmPlan,
  task: PrewarmTaskState,
  signal: AbortSignal,
): Promise<PrewarmTaskState> {
  const settings = settingsOf(parts.settings.prewarm?.tasks, task.name);
  const planned = plan.tasks.find(({ name }) => name === task.name);
  if (settings === undefined || planned === undefined || parts.prewarm === undefined) return task;
  const request = requestOf(parts, plan, planned);
  const ending = await parts.prewarm
    .run(settings, request, signal)
    .catch((error: unknown) => ({ kind: "failed", note: String(error) }) as const);
  return { ...task, state: ending.kind, atMs: parts.clock.nowMs(), note: ending.note };
}

function requestOf(
  { settings }: ControllerParts,
  plan: PrewarmPlan,
  { name, count, untilMs }: PrewarmTaskPlan,
): PrewarmRequest {
  return {
    service: settings.service,
    planId: plan.id,
    task: name,
    count,
    units: plan.peakUnits,
    peak: new Date(plan.peakMs).toISOString(),
    deadline: new Date(untilMs).toISOString(),
    reason: plan.reason,
  };
}

function merged(state: PrewarmState, changed: readonly PrewarmTaskState[]): PrewarmState {
  const byName = new Map(changed.map((task) => [task.name, task]));
  return { ...state, tasks: state.tasks.map((task) => byName.get(task.name) ?? task) };
}

/** On disk before it is returned; equal states are not written again. */
function keep({ journal }: ControllerParts, state: PrewarmState): PrewarmState {
  const known = journal.getState("prewarm");
  if (known === null || JSON.stringify(known) !== JSON.stringify(state)) journal.setState("prewarm", state);
  return state;
}
