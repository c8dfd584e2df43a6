import type { LeadingEffect } from "../../model/known-ahead.ts";

/** A leading series that was tried on held-out demand. */
export interface ComparedLeading {
  readonly name: string;
  readonly lagMs: number;
  /** As in `LeadingFound`; 1 where it helps at no horizon. */
  readonly lossRatio: number;
}

/** What became of the leading series `name`: the `best` of those `compared` moved the forecast. */
export function leadingEffect(
  name: string,
  compared: readonly ComparedLeading[],
  best: ComparedLeading | undefined,
): LeadingEffect {
  const own = compared.find((each) => each.name === name);
  if (own === undefined) return { name, accepted: false, lagMs: undefined, reason: "no time in common" };
  const { lagMs, lossRatio } = own;
  if (own === best) {
    return { name, accepted: true, lagMs, reason: `loss on held-out demand x ${lossRatio.toFixed(2)}` };
  }
  const reason =
    lossRatio < 1 ? `${best?.name} helps more` : "does not lower the loss on held-out demand enough";
  return { name, accepted: false, lagMs, reason };
}
