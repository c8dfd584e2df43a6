import { stopSupervisor } from "../local/stop-supervisor.ts";
import type { EngineFailure } from "../model/ports.ts";
import type { CommandCall } from "./command-spec.ts";
import type { WiredParts } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import { wantsJson } from "./options.ts";
import { outcomeCode, outcomeLine } from "./outcome-line.ts";
import { note, print, printJson } from "./output.ts";
import { withWired } from "./wired.ts";

interface DownStep {
  readonly what: string;
  readonly result: string;
  readonly failure: EngineFailure | undefined;
}

/**
 * Destroys the tier stack, then the base stack, then stops the supervisor: the reverse of how they came. Takes the
 * lease, so a running daemon refuses it. What fails is said and the rest is still done.
 */
export async function runDown(call: CommandCall): Promise<number> {
  return withWired(call, { lease: "take" }, async (wired, { settings }) => {
    const { tierStack, baseStack } = settings.pulumi;
    const { driver } = wired.parts;
    const { signal } = call.context;
    const tiers = await destroyed(`tier stack ${tierStack}`, driver.destroy(signal));
    if (tiers.failure === undefined) {
      forgetSizes(wired);
      wired.parts.tenancy?.leave();
    }
    const steps = [
      tiers,
      await destroyed(`base stack ${baseStack}`, driver.destroyBase(signal)),
      await platformStopped(wired),
    ];
    const failure = steps.find((step) => step.failure !== undefined)?.failure;
    if (wantsJson(call)) printJson("Down", { done: failure === undefined, steps });
    else for (const { what, result } of steps) print(`${what}: ${result}`);
    if (failure === undefined) return EXIT.done;
    note("tiercast: not everything is gone; run `tiercast down` again once that is mended");
    return outcomeCode({ apply: failure, error: null }, true);
  });
}

async function destroyed(
  what: string,
  run: Promise<{ readonly kind: "destroyed" } | EngineFailure>,
): Promise<DownStep> {
  const result = await run;
  if (result.kind === "destroyed") return { what, result: "destroyed", failure: undefined };
  return { what, result: outcomeLine({ apply: result, error: null }), failure: result };
}

/** Nothing is applied any more: the next plan starts from no units, not from those of the stack that is gone. */
function forgetSizes({ parts: { journal, clock } }: WiredParts): void {
  const applied = journal.appliedInputs()?.inputs;
  if (applied === undefined) return;
  const { baseline, predictive, burst } = applied.tiers;
  const planGeneration = journal.nextPlanGeneration();
  const inputs = {
    ...applied,
    planGeneration,
    observedUnits: 0,
    tiers: {
      baseline: { ...baseline, units: 0 },
      predictive: { ...predictive, units: 0 },
      burst: { ...burst, units: 0 },
    },
    warm: { ...applied.warm, units: 0, expiresMs: null, reason: "taken down" },
  };
  journal.setAppliedInputs(inputs, clock.nowMs(), planGeneration);
}

const STOP_WORDS = {
  "not-running": "was not running",
  stopped: "stopped, units drained",
  killed: "did not end in time and was killed",
} as const;

async function platformStopped({ parts }: WiredParts): Promise<DownStep> {
  const result = STOP_WORDS[await stopSupervisor(parts.endpointFile)];
  return { what: "local platform", result, failure: undefined };
}
