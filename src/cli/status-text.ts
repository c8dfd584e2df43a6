import type { Settings } from "../model/settings.ts";
import type { DaemonStatus, PauseStatus } from "../model/status.ts";
import { type Sizes, TIERS, totalUnits } from "../model/tier.ts";
import { shortDuration } from "../model/time.ts";
import { prewarmLines, warmStateLines } from "../render/warm-lines.ts";
import type { Paint } from "./colour.ts";
import type { DaemonLife } from "./daemon-life.ts";
import { escapeValues } from "./escape-text.ts";
import { figure, percent, usd } from "./figures.ts";
import { isoTime, localTime } from "./instants.ts";

export interface StatusFacts {
  readonly status: DaemonStatus | null;
  readonly life: DaemonLife;
  readonly paused: PauseStatus | null;
  readonly lastCycle: number | null;
  readonly settings: Settings;
}

/** `status` for people, a fact a line. Journal and lease file are outside: their texts are made harmless first. */
export function statusLines(known: StatusFacts, paint: Paint): readonly string[] {
  const facts = escapeValues(known);
  const { status, settings } = facts;
  const head = [
    line("service", `${settings.service} (stack ${settings.pulumi.project}/${settings.pulumi.tierStack})`),
    line("daemon", lifeText(facts, paint)),
  ];
  const tail = [line("state", settings.state.folder)];
  if (status === null) return [...head, line("last cycle", String(facts.lastCycle ?? "none")), ...tail];
  return [...head, ...statusBody(status, facts, paint), ...tail];
}

function statusBody(status: DaemonStatus, facts: StatusFacts, paint: Paint): readonly string[] {
  const { timeZone } = facts.settings.demand;
  const { lastCycle, lastError, engine } = status;
  const speed = status.speed === 1 ? "" : ` (trace time, x${figure(status.speed)})`;
  return [
    line("as of", `${localTime(status.atMs, timeZone)}${speed}`),
    line("mode", `${modeText(status)}${pauseText(status, facts.paused, paint)}`),
    ...gateLines(status, timeZone, paint),
    line("demand", demandText(status, paint)),
    ...status.forecast.map((horizon) => {
      const at = (level: number): string =>
        figure(horizon.quantiles.find((quantile) => quantile.level === level)?.rps);
      return line(
        `  in ${shortDuration(horizon.horizonMs)}`,
        `${at(0.5)} rps, 90 % interval ${at(0.05)} to ${at(0.95)} (measured coverage ${percent(horizon.coverage90)})`,
      );
    }),
    line(
      "trust",
      `${percent(status.trust)}${status.strategy === null ? "" : `, strategy ${status.strategy}`}`,
    ),
    line("wanted", sizesText(status.sizes.wanted)),
    line("ready", sizesText(status.sizes.ready)),
    ...shareLines(status, paint),
    ...warmStateLines(status.warmKinds ?? {}).map((text) => line("warm", text)),
    ...(status.prewarm === undefined
      ? []
      : prewarmLines(status.prewarm, status.atMs).map((text, at) => line(at === 0 ? "prewarm" : "", text))),
    line("cost", status.costUsdPerHour === null ? "?" : `${usd(status.costUsdPerHour)} per hour`),
    line("lead time", status.leadTimeMs === null ? "not measured yet" : shortDuration(status.leadTimeMs)),
    line(
      "last cycle",
      lastCycle === null
        ? "none"
        : `${lastCycle.cycle}, ${isoTime(lastCycle.startedMs)}: ${lastCycle.outcome}. ${lastCycle.why}`,
    ),
    line("next cycle", status.nextCycleMs === null ? "?" : isoTime(status.nextCycleMs)),
    line("engine", engine.kind === "ready" ? `Pulumi ${engine.version}` : engineText(engine)),
    line("plan", `generation ${status.planGeneration}`),
    ...(status.pendingApproval === null
      ? []
      : [
          line(
            "waiting",
            paint("yellow", `plan ${status.pendingApproval.planHash}: tiercast approve (or reject). `) +
              status.pendingApproval.why,
          ),
        ]),
    ...(status.lockHolder === null ? [] : [line("locked by", paint("red", status.lockHolder))]),
    ...(lastError === null
      ? []
      : [line("last error", `${isoTime(lastError.atMs)} ${lastError.stage}: ${lastError.message}`)]),
    line("journal", `${status.journal.cycles} cycles, ${figure(status.journal.bytes / 1_048_576)} MiB`),
  ];
}

function lifeText({ life, status }: StatusFacts, paint: Paint): string {
  const old =
    status === null ? "" : `; what follows is its last word, of ${isoTime(status.progress.lastWallMs)}`;
  switch (life.kind) {
    case "running":
      return `${paint("green", "running")} (pid ${life.pid}, ${life.what})`;
    case "stalled":
      return `${paint("red", "stalled")} (pid ${life.pid}): ${life.reason}${old}`;
    case "not-running":
      return `${paint("red", "not running")}: ${life.reason}${old}`;
    case "unknown":
      return `${paint("yellow", "not known")}: ${life.reason}${old}`;
  }
}

function modeText({ mode, gate }: DaemonStatus): string {
  if (gate === undefined) return mode;
  const since = gate.mode === null ? "" : ` since ${isoTime(gate.mode.sinceMs)}: ${gate.mode.reason}`;
  return gate.askedMode === mode ? mode : `${mode} (asked: ${gate.askedMode})${since}`;
}

/** Whether the forecast acts, since when and why; and what it is measured by. */
function gateLines({ gate }: DaemonStatus, timeZone: string, paint: Paint): readonly string[] {
  const forecast = gate?.forecast ?? null;
  if (forecast === null) return [];
  const { scores } = forecast;
  const since = localTime(forecast.sinceMs, timeZone);
  const loss = scores.lossRatio === null ? "?" : figure(scores.lossRatio);
  const measured =
    `coverage ${percent(scores.coverage90)}, loss ${loss} of naive's, ` +
    `${Math.round(scores.count)} scores at ${shortDuration(scores.horizonMs)}`;
  const word = forecast.forecastActs
    ? paint("green", "acts")
    : paint("yellow", forecast.cause === "unproven" ? "not proven yet" : "demoted to shadow");
  return [
    line("forecast", `${word} since ${since} because ${forecast.reason}`),
    line("  measured", measured),
  ];
}

/** What was granted of a shared account, loudly where the ledger cannot be used. */
function shareLines({ share }: DaemonStatus, paint: Paint): readonly string[] {
  if (share === undefined) return [];
  const lost = share.ledgerFailures === 0 ? "" : ` (ledger not usable in ${share.ledgerFailures} cycles)`;
  const colour = share.bound === "none" || share.bound === "budget" ? "green" : "red";
  return [line("account", `${paint(colour, share.bound)}: ${share.reason}${lost}`)];
}

function pauseText(status: DaemonStatus, paused: PauseStatus | null, paint: Paint): string {
  if (paused === null || paused.untilMs <= status.atMs) return "";
  return paint("yellow", `, paused until ${isoTime(paused.untilMs)} by ${paused.by}: ${paused.reason}`);
}

function demandText({ demand }: DaemonStatus, paint: Paint): string {
  const rps = demand.rps === null ? "not known" : `${figure(demand.rps)} rps`;
  if (demand.freshness === "fresh") return `${rps} (fresh)`;
  return `${rps}, ${paint("red", demand.freshness)}: ${demand.note}`;
}

function engineText(engine: Exclude<DaemonStatus["engine"], { kind: "ready" }>): string {
  return engine.kind === "installing" ? `installing: ${engine.note}` : `missing: ${engine.reason}`;
}

export function sizesText(sizes: Sizes | null): string {
  if (sizes === null) return "not known";
  const parts = TIERS.map((tier) => `${tier} ${sizes.units[tier]}`);
  return `${totalUnits(sizes.units)} units (${parts.join(", ")}), ${sizes.warmUnits} warm`;
}

function line(name: string, value: string): string {
  return `${name.padEnd(11)} ${value}`;
}
