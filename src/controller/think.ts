import { assess } from "../assess/assess.ts";
import { checkInput } from "../decide/check-input.ts";
import { decide, isBaselineReviewed } from "../decide/decide.ts";
import type { DecideInput } from "../model/decide-input.ts";
import type { Decision, Risk } from "../model/decision.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import { warmKindsOf } from "../model/warm.ts";
import { type RenderContext, render } from "../render/render.ts";
import { why } from "../render/why.ts";

export interface Thought {
  readonly risk: Risk;
  readonly decision: Decision;
  /** The decision carries out the baseline review that was due. */
  readonly baselineReviewed: boolean;
}

/** `assess` and `decide` on one snapshot: a pure function of its input. */
export function think(input: DecideInput): Thought {
  checkInput(input);
  const risk = assess(input);
  const draft = decide(input, risk);
  const decision: Decision = { ...draft, why: withGate(why(draft), input) };
  return { risk, decision, baselineReviewed: isBaselineReviewed(input, risk, draft.after) };
}

/** A line that does not say yet why there is no forecast in it does so now. */
function withGate(line: string, { gate }: DecideInput): string {
  if (gate === undefined || gate.forecastActs || line.includes(gate.reason)) return line;
  return `${line}; the forecast does not act: ${gate.reason}`;
}

/** What a recorded input leads to: the same bytes (by `canonicalJson`) as the recorded decision. */
export function replayDecision(input: DecideInput): { readonly risk: Risk; readonly decision: Decision } {
  const { risk, decision } = think(input);
  return { risk, decision };
}

/** Stack inputs of a decision, with the prices the decision was made with. */
export function renderDecision(
  input: DecideInput,
  decision: Decision,
  context: Omit<RenderContext, "priceUsdPerUnitHour" | "warmPriceUsdPerUnitHour" | "warmKinds">,
): StackInputs {
  const { baseline, predictive, burst } = input.settings.tiers;
  const { share } = input.settings;
  const granted = share === undefined ? {} : { accountShareUnits: share.grantedUnits };
  const inputs = render(decision, {
    ...context,
    warmKinds: warmKindsOf(input.settings.warm.kinds),
    warmPriceUsdPerUnitHour: input.settings.warm.priceUsdPerUnitHour,
    priceUsdPerUnitHour: {
      baseline: baseline.priceUsdPerUnitHour,
      predictive: predictive.priceUsdPerUnitHour,
      burst: burst.priceUsdPerUnitHour,
    },
  });
  return { ...inputs, ...granted };
}
