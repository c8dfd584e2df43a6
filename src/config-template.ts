import { formatDuration, MINUTE_MS } from "./model/time.ts";

/** What `tiercast init` knows of the service it writes a configuration for. */
export interface TemplateRequest {
  readonly service: string;
  /** Where editors find the JSON Schema: a path relative to the file, or a URL. */
  readonly schema: string;
  readonly source?: "platform" | "csv" | "access-log" | "prometheus";
  /** File for `csv` and `access-log`. */
  readonly path?: string;
  readonly timeZone?: string;
  /** For `prometheus`. */
  readonly prometheus?: TemplateQuery;
}

export interface TemplateQuery {
  readonly url: string;
  readonly query: string;
  readonly stepMs: number;
  /** What demand is measured in: requests/s, cpu cores, GiB. */
  readonly kind: "requests" | "cpu" | "memory";
  /** Settings under `connection`, as text values; headers aside. */
  readonly connection?: Readonly<Record<string, string>>;
  readonly tenant?: string | undefined;
}

/**
 * The commented `tiercast.yaml` that `tiercast init` writes. What is written without `#` differs between
 * services; each commented line is a default. The two first lines let VS Code (yaml-language-server) and
 * JetBrains check and complete it.
 */
export function configTemplate(request: TemplateRequest): string {
  const source = request.source ?? "platform";
  const step = formatDuration(request.prometheus?.stepMs ?? 5 * MINUTE_MS);
  return `# yaml-language-server: $schema=${oneLine(request.schema)}
# $schema: ${oneLine(request.schema)}
#
# The central configuration of tiercast. Check it with: tiercast validate
# Lines that begin with # show defaults. Durations have a unit: 90s, 5m, 1h30m, 28d.
# Any setting can come from the environment: limits.maxTotalUnits is TIERCAST_LIMITS__MAX_TOTAL_UNITS.

service: ${scalar(request.service)}

# observe: watch only. shadow: plan and score, change nothing. suggest: a person approves. active: act.
mode: shadow

demand:
  source: ${source}            # platform (the local router), csv, access-log or prometheus
${sourceLines(request, source)}
  step: ${step}                    # grid of demand and forecast
  timeZone: ${scalar(request.timeZone ?? "UTC")}               # whose clock the daily rhythm follows
  # staleAfter: 15m           # older demand: capacity is held, never lowered
  # history: 42d
  # scale: 1                  # numbers of the source times this are requests/s

# How demand becomes units. The resource that needs the most units decides.
resources:
${resourceLines(request.prometheus?.kind ?? "requests")}

# horizons: [5m, 30m, 1h, 24h]

tiers:
  baseline:                   # held through the whole day
    minUnits: 1
    # maxUnits: 40
    priceUsdPerUnitHour: 0.06
  predictive:                 # what the forecast asks for above baseline
    priceUsdPerUnitHour: 0.10
  burst:                      # what was not forecast
    priceUsdPerUnitHour: 0.10

# warm:                       # pre-initialised idle units
#   maxUnits: 4
#   priceUsdPerUnitHour: 0.04

limits:                       # clip every decision, and say so
  maxTotalUnits: 40
  # maxCostUsdPerHour: 4.16
  # maxStepUpUnits: 20
  # maxStepDownUnits: 5
  # burstReserveUnits: 2
  # maxUpdatesPerHour: 12

# risk:
#   acceptable: medium        # high, medium or low
#   trustFloor: 0.3           # trust below this: reactive-only

# sizing:
#   rule: newsvendor          # or magnitude
#   underUsdPerUnitHour: 1.9  # a unit missing for an hour; 1.9 / (1.9 + 0.10) = the 0.95 quantile
#   stabilization: 10m     # default: 2 intervals, 5m at least

# missing:                    # demand is missing: hold, then fall back
#   hold: 30m
#   fallbackUnits: 20

# policies:                   # checked by Pulumi on every plan, independently of limits
#   limits:
#     maxTotalUnits: 40

# state:
#   retention: 90d

# tags:
#   team: shop
`;
}

/** Where demand is read, beside `source`. */
function sourceLines({ path, prometheus }: TemplateRequest, source: string): string {
  if (prometheus !== undefined) return prometheusLines(prometheus);
  if (source === "platform")
    return "  # path: history.csv         # history to learn from, before the first live demand";
  return `  path: ${scalar(path ?? (source === "csv" ? "demand.csv" : "access.log"))}`;
}

function prometheusLines({ url, query, connection = {}, tenant }: TemplateQuery): string {
  const settings = Object.entries(connection).map(([name, value]) => `    ${name}: ${scalar(value)}`);
  if (tenant !== undefined) settings.push(`    headers: { X-Scope-OrgID: ${scalar(tenant)} }`);
  return [
    `  url: ${scalar(url)}`,
    `  query: ${scalar(query)}`,
    ...(settings.length === 0 ? [] : ["  connection:", ...settings]),
  ].join("\n");
}

function resourceLines(kind: TemplateQuery["kind"]): string {
  if (kind === "requests") return REQUESTS;
  const [unit, size] = kind === "cpu" ? ["cpu cores", 1] : ["GiB", 2];
  return `  - name: ${kind}
    kind: amount              # demand is in ${unit}, so is what a unit holds
    perRps: 1
    perUnit: ${size}                # ${unit} of one unit
    targetUtilization: 0.8`;
}

const REQUESTS = `  - name: requests
    kind: queue               # a queue with a latency objective
    slotsPerUnit: 4           # requests a unit works on at a time
    serviceTime: 200ms
    latencyObjective: 500ms
    latencyPercentile: 0.95
  # - name: memory
  #   kind: amount            # so much per request/s against so much in a unit
  #   perRps: 0.05
  #   idle: 2
  #   perUnit: 4
  #   targetUtilization: 0.8`;

/** A YAML scalar that reads back as the same text. */
function scalar(text: string): string {
  return /^[A-Za-z_./][\w./-]*$/.test(text) && !/^(?:true|false|null|~)$/i.test(text)
    ? text
    : JSON.stringify(oneLine(text));
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, " ");
}
