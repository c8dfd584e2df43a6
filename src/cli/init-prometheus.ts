import { createInterface } from "node:readline/promises";
import { wallClock } from "../clock.ts";
import { parseDurationSetting, processEnvironment } from "../config.ts";
import type { TemplateQuery } from "../config-template.ts";
import { durationMs, formatDuration, HOUR_MS, MINUTE_MS } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { discoverQueries, type Proposal } from "../observe/prometheus/discover.ts";
import { readPrometheusHistory } from "../observe/prometheus/history.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { figure } from "./figures.ts";
import { connectionOption } from "./named-query.ts";
import { textOption, wantsJson } from "./options.ts";
import { note, print, printJson } from "./output.ts";
import { wallTimeMs } from "./wall-time.ts";

/** The query to write, or that the list was shown and nothing is to be written. */
export type InitChoice =
  | { readonly kind: "write"; readonly prometheus: TemplateQuery }
  | { readonly kind: "listed" };

/** A read by hand is not waited for as long as a daemon's history. */
const DEADLINE_MS = durationMs(2 * MINUTE_MS);

/**
 * `init --prometheus URL`: lists usual demand queries that have data. `--query` takes one of them by its number, or
 * PromQL of the user's own, which must give one series; on a terminal the number is asked for.
 */
export async function chooseQuery(call: CommandCall, url: string): Promise<InitChoice> {
  const asked = textOption(call, "query")?.trim();
  const step = textOption(call, "step");
  const stepMs = step === undefined ? durationMs(5 * MINUTE_MS) : parseDurationSetting(step, "--step");
  const connection = { ...connectionOption(call), deadlineMs: DEADLINE_MS };
  const shared = {
    environment: processEnvironment(),
    clock: wallClock(),
    random: () => 0.5,
    wallNowMs: wallTimeMs,
    nowMs: wallTimeMs(),
    signal: call.context.signal,
  };
  const template = (query: string, kind: TemplateQuery["kind"], ms: number): InitChoice => ({
    kind: "write",
    prometheus: { url, query, kind, stepMs: ms, ...connectionLines(call) },
  });
  if (asked !== undefined && !/^\d+$/.test(asked)) {
    const prometheus = {
      url,
      query: asked,
      aggregate: "none",
      partial: "gap",
      delayMs: durationMs(0),
      connection,
    } as const;
    const request = { ...shared, prometheus, stepMs, scale: 1, addressName: "--prometheus" };
    const { warnings } = await readPrometheusHistory({
      ...request,
      historyMs: Math.max(HOUR_MS, 12 * stepMs),
    });
    for (const warning of warnings) note(`warning: ${escapeText(warning)}`);
    return template(asked, "requests", stepMs);
  }
  const proposals = await discoverQueries({ ...shared, url, connection, stepMs });
  if (proposals.length === 0)
    throw new UserError(`prometheus ${url}: none of the usual demand metrics has data (give --query PROMQL)`);
  const chosen = asked ?? (await numberFromUser(call, proposals));
  if (chosen === undefined) return { kind: "listed" };
  const proposal = proposals[Number(chosen) - 1];
  if (proposal === undefined)
    throw new UserError(`--query: there is no number ${chosen} (1 to ${proposals.length})`);
  note(`query ${chosen}: ${escapeText(proposal.query)}`);
  return template(proposal.query, proposal.kind, proposal.stepMs);
}

/** Shows the list; undefined where nobody can be asked, or the answer is empty. */
async function numberFromUser(
  call: CommandCall,
  proposals: readonly Proposal[],
): Promise<string | undefined> {
  if (wantsJson(call)) {
    const numbered = proposals.map((proposal, i) => ({ number: i + 1, ...proposal }));
    printJson("QueryProposals", { proposals: numbered });
    return undefined;
  }
  proposals.forEach((proposal, i) => {
    for (const line of proposalLines(proposal, i + 1)) print(line);
  });
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    note("nothing is written: name one with --query NUMBER, or your own with --query PROMQL");
    return undefined;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question("number to write (empty: none): ", {
      signal: call.context.signal,
    });
    return answer.trim() === "" ? undefined : answer.trim();
  } finally {
    terminal.close();
  }
}

const UNITS = { requests: "requests/s", cpu: "cores", memory: "GiB" } as const;

/** Number, where it comes from, the last hour in figures; the query below it. */
function proposalLines({ what, label, kind, query, stepMs, scrapeMs, recent }: Proposal, number: number) {
  const known = recent.filter((value) => !Number.isNaN(value));
  const service = label === undefined ? "all together" : `${label.name} ${escapeText(label.value)}`;
  const shown = recent.slice(-6).map((value) => (Number.isNaN(value) ? "-" : figure(value)));
  const range = `${figure(Math.min(...known))} to ${figure(Math.max(...known))} ${UNITS[kind]} in the last hour`;
  return [
    `${String(number).padStart(3)}  ${escapeText(what)}, ${service}: ${known.length === 0 ? "no value" : range}, ` +
      `lately ${shown.join(" ")}`,
    `     ${escapeText(query)}`,
    `     step ${formatDuration(stepMs)}, a sample every ${formatDuration(scrapeMs)}`,
  ];
}

/** Names of files, not what is in them. */
function connectionLines(call: CommandCall): Pick<TemplateQuery, "connection" | "tenant"> {
  const names = {
    tokenFile: "bearerTokenFile",
    user: "username",
    passwordFile: "passwordFile",
    caFile: "caFile",
  };
  const given = Object.entries(names).flatMap(([option, setting]) => {
    const value = textOption(call, option);
    return value === undefined ? [] : [[setting, value] as const];
  });
  return { connection: Object.fromEntries(given), tenant: textOption(call, "tenant") };
}
