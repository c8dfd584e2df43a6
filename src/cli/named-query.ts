import { parseDurationSetting } from "../config.ts";
import type { PrometheusSettings } from "../model/settings.ts";
import { DAY_MS, type DurationMs, durationMs, MINUTE_MS, SECOND_MS } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";
import { textOption } from "./options.ts";

/** A query that the command line names. */
export interface NamedQuery {
  readonly prometheus: PrometheusSettings;
  readonly stepMs: DurationMs;
  readonly historyMs: DurationMs;
}

/** `prometheus:http://host:9090?query=...`: how a server stands where a file could. */
export const PROMETHEUS_PREFIX = "prometheus:";
const STANDARD_STEP_MS = durationMs(5 * MINUTE_MS);
const STANDARD_HISTORY_MS = durationMs(28 * DAY_MS);
const TIMEOUT_MS = durationMs(60 * SECOND_MS);
const DEADLINE_MS = durationMs(15 * MINUTE_MS);
const IN_ADDRESS = ["query", "step", "last", "aggregate"];

/**
 * The query of `--prometheus` or of a SOURCE that begins with `prometheus:`; undefined when there is neither. Flags
 * go before what the address says. `lastMs`: how far back, unless the address says so; 28 days when neither does.
 */
export function namedQuery(
  call: CommandCall,
  source: string | undefined,
  lastMs: number | undefined,
): NamedQuery | undefined {
  const address = addressGiven(call, source);
  if (address === undefined) return undefined;
  const { url, said } = addressOf(address);
  const query = textOption(call, "query") ?? said("query") ?? "";
  if (query.trim() === "")
    throw new UserError(
      "--query: is missing (`tiercast init --prometheus URL` lists queries that have data)",
    );
  const aggregate = aggregateOf(textOption(call, "aggregate") ?? said("aggregate"));
  const last = said("last");
  return {
    prometheus: {
      url,
      query,
      aggregate,
      partial: "gap",
      delayMs: durationMs(0),
      connection: connectionOption(call),
    },
    stepMs: stepOf(textOption(call, "step") ?? said("step")),
    historyMs: durationMs(
      last === undefined ? (lastMs ?? STANDARD_HISTORY_MS) : parseDurationSetting(last, "last"),
    ),
  };
}

function addressGiven(call: CommandCall, source: string | undefined): string | undefined {
  const flag = textOption(call, "prometheus");
  if (flag !== undefined && source !== undefined)
    throw new UserError(`--prometheus and ${source.slice(0, 80)}: give one of them`);
  const address = source?.startsWith(PROMETHEUS_PREFIX) ? source.slice(PROMETHEUS_PREFIX.length) : flag;
  if (address === undefined && textOption(call, "query") !== undefined)
    throw new UserError("--query: needs --prometheus URL");
  return address;
}

function aggregateOf(text: string | undefined): PrometheusSettings["aggregate"] {
  if (text === undefined || text === "none" || text === "sum") return text ?? "none";
  throw new UserError(`aggregate: "${text.slice(0, 40)}" is neither none nor sum`);
}

/** How the server of the command line is reached. */
export function connectionOption(call: CommandCall): PrometheusSettings["connection"] {
  const username = textOption(call, "user");
  const passwordFile = textOption(call, "passwordFile");
  const bearerTokenFile = textOption(call, "tokenFile");
  const tenant = textOption(call, "tenant");
  if (passwordFile !== undefined && username === undefined)
    throw new UserError("--password-file: needs --user");
  if (username !== undefined && bearerTokenFile !== undefined)
    throw new UserError("--user and --token-file: give one of them");
  if (tenant !== undefined && !/^[\x21-\x7e]{1,150}$/.test(tenant))
    throw new UserError("--tenant: must be printable and without blanks");
  return {
    bearerTokenFile,
    bearerTokenEnv: undefined,
    username,
    passwordFile,
    passwordEnv: undefined,
    caFile: textOption(call, "caFile"),
    headers: tenant === undefined ? {} : { "X-Scope-OrgID": tenant },
    timeoutMs: TIMEOUT_MS,
    deadlineMs: DEADLINE_MS,
  };
}

/** The server's address, and what stands behind its `?`. */
function addressOf(text: string): {
  readonly url: string;
  readonly said: (name: string) => string | undefined;
} {
  const parsed = URL.parse(text);
  if (parsed === null || parsed.search === "") return { url: text, said: () => undefined };
  const { searchParams } = parsed;
  for (const name of searchParams.keys())
    if (!IN_ADDRESS.includes(name))
      throw new UserError(`prometheus: "${name.slice(0, 40)}" is none of ${IN_ADDRESS.join(", ")}`);
  return { url: text.slice(0, text.indexOf("?")), said: (name) => searchParams.get(name) ?? undefined };
}

function stepOf(text: string | undefined): DurationMs {
  if (text === undefined) return STANDARD_STEP_MS;
  const stepMs = parseDurationSetting(text, "--step");
  if (stepMs < SECOND_MS || stepMs > DAY_MS) throw new UserError("--step: must be from 1s to 1d");
  return stepMs;
}
