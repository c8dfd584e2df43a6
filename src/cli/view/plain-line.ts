import { totalUnits } from "../../model/tier.ts";
import { escapeText } from "../escape-text.ts";
import { figure, percent } from "../figures.ts";
import { localTime } from "../instants.ts";
import type { ViewState } from "./view-state.ts";

/** A cycle in one line, for output that is no terminal. */
export function plainLine(state: ViewState): string {
  const { decision, ready, outcome, time } = state;
  const units = ready === null ? "?" : String(totalUnits(ready.units));
  const [nearest] = state.chart.ahead;
  const ahead =
    nearest === undefined
      ? ""
      : `, next ${figure(nearest.medianRps)} (${figure(nearest.lowerRps)} to ${figure(nearest.upperRps)})`;
  const share = outcome.requests === 0 ? null : outcome.violations / outcome.requests;
  const cycle = decision === null ? "" : `cycle ${decision.cycle} ${decision.outcome}: ${decision.why}`;
  const phase = state.phase === "" ? "" : ` [${state.phase}]`;
  return escapeText(
    `${localTime(time.atMs, time.timeZone)}  demand ${figure(state.demandRps)} rps${ahead}  ` +
      `${units} units ready  late or failed ${percent(share, 2)}  ${cycle}${phase}`,
  ).trimEnd();
}
