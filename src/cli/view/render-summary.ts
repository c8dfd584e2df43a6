import { shortDuration } from "../../model/time.ts";
import { figure, percent, usd } from "../figures.ts";
import { textTable } from "../text-table.ts";
import type { ViewOutcome } from "./view-state.ts";

/** What the end of a demo tells. */
export interface DemoSummary {
  readonly tiercast: ViewOutcome;
  /** A reactive HPA rule on the same demand; null when it could not be simulated. */
  readonly reactive: ViewOutcome | null;
  readonly updates: number;
  /** Scale-ups that were ready before the rise, and how long before, trace time, at the median; null for none. */
  readonly scaleUpsAhead: { readonly count: number; readonly medianLeadMs: number | null };
  readonly scaleDowns: number;
  readonly engine: { readonly runs: number; readonly totalMs: number };
  readonly wallMs: number;
  readonly traceMs: number;
}

/** The summary as lines: a table against the reactive rule, and what was done. */
export function renderSummary(summary: DemoSummary): readonly string[] {
  const { tiercast, reactive, engine, scaleUpsAhead } = summary;
  const lead =
    scaleUpsAhead.medianLeadMs === null
      ? ""
      : ` (median ${shortDuration(scaleUpsAhead.medianLeadMs)} before it)`;
  return [
    ...comparison(tiercast, reactive).split("\n"),
    "",
    `updates                ${summary.updates} applied by Pulumi, each checked by the policy pack`,
    `scale-ups before rise  ${scaleUpsAhead.count}${lead}`,
    `scale-downs            ${summary.scaleDowns}`,
    `engine runs            ${engine.runs} in ${figure(engine.totalMs / 1000)} s`,
    `duration               ${shortDuration(summary.wallMs)} for ${shortDuration(summary.traceMs)} of the trace`,
  ];
}

function comparison(tiercast: ViewOutcome, reactive: ViewOutcome | null): string {
  const row = (name: string, cell: (outcome: ViewOutcome) => string): readonly string[] => [
    name,
    cell(tiercast),
    reactive === null ? "not known" : cell(reactive),
  ];
  return textTable(
    [{ title: "" }, { title: "tiercast", right: true }, { title: "HPA rule", right: true }],
    [
      row("late or failed", ({ violations, requests }) =>
        percent(requests === 0 ? null : violations / requests, 2),
      ),
      row("requests", ({ requests }) => requests.toLocaleString("en-US")),
      row("unit-hours", ({ unitHours }) => unitHours.toFixed(2)),
      row("cost", ({ costUsd }) => usd(costUsd)),
    ],
  );
}
