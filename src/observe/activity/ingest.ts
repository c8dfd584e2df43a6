import type {
  ActivityCounts,
  ActivityEvent,
  ActivityRejection,
  ActivitySettings,
} from "../../model/activity.ts";
import { ACTIVITY_REJECTIONS } from "../../model/activity.ts";
import { type ByteCache, createByteCache } from "./byte-cache.ts";
import { createDuplicates } from "./duplicates.ts";
import { createEndpointTemplates, type EndpointTemplates, OTHER_ENDPOINT } from "./endpoint-template.ts";
import { createIdentifyUser, type IdentifyUser, type KnownAgent } from "./identify.ts";
import { createOwnSite, type OwnSite, type Referrer } from "./own-site.ts";
import type { Pseudonyms } from "./pseudonym.ts";
import {
  createRawRequest,
  FIELD,
  fieldText,
  hasField,
  type ParseLine,
  type RawRequest,
} from "./raw-request.ts";
import { createReorder, type Reorder } from "./reorder.ts";
import { createSharedNames, type SharedNames } from "./shared-names.ts";
import { type AgentClass, classifyAgent } from "./user-agent.ts";

export interface IngestRequest {
  readonly settings: Pick<ActivitySettings, "identify" | "privacy" | "hosts" | "reorderMs" | "maxEndpoints">;
  readonly pseudonyms: Pseudonyms;
  /** Told each event, in time order. */
  onEvent(event: ActivityEvent): void;
  /** Told the time of each request, also of those that make no event: demand is of everyone. */
  onDemand?(atMs: number, responseMs: number): void;
  /** A user of an older key has a new pseudonym: what is kept moves with it. */
  onRename?(from: string, to: string): void;
  /** Users whose pseudonyms are remembered, a power of two. Default 262,144: some 40 MB. */
  readonly userSlots?: number;
}

export interface Ingest {
  /**
   * One line without its end. `repeats`: the sender may send a line twice, so the same line is a duplicate.
   */
  takeLine(parse: ParseLine, line: Buffer, from: number, to: number, repeats: boolean): void;
  /** What a parser made of something else than a line. */
  takeRequest(raw: RawRequest): void;
  reject(why: ActivityRejection): void;
  /** Gives out what waits for its order. */
  flush(): void;
  counts(): ActivityCounts;
  readonly raw: RawRequest;
}

/** Lines and ids that are remembered to find duplicates: 4 MB. */
const DUPLICATE_CAPACITY = 131_072;
/** Events that may wait for their order. */
const REORDER_CAPACITY = 131_072;
const REGION = /^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$/;
const CLASS = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;
const MAX_CLASSES = 64;
const METHODS = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "OPTIONS",
  "CONNECT",
  "TRACE",
  "PROPFIND",
]);

interface Tables {
  readonly user: IdentifyUser;
  readonly templates: EndpointTemplates;
  readonly targets: ByteCache<{ endpoint: string; generation: number }>;
  readonly agents: ByteCache<KnownAgent & AgentClass>;
  readonly methods: ByteCache<string>;
  readonly referrers: ByteCache<Referrer | undefined>;
  readonly site: OwnSite;
  readonly classes: SharedNames;
  readonly consent: ReadonlySet<string>;
  readonly demandOnly: boolean;
}

interface Counting {
  lines: number;
  events: number;
  reordered: number;
  renamed: number;
  readonly rejected: Record<ActivityRejection, number>;
}

/**
 * From lines to events: pseudonyms, templates and classes in the place of what the line says, in time order,
 * in bounded memory whatever comes. Nothing here waits: who reads a source holds it back while events are
 * worked on.
 */
export function createIngest(request: IngestRequest): Ingest {
  const counting = createCounting();
  const tables = createTables(request, counting);
  const raw = createRawRequest();
  const duplicates = createDuplicates(DUPLICATE_CAPACITY, request.pseudonyms.seed);
  const reject = (why: ActivityRejection): void => {
    counting.rejected[why]++;
  };
  const reorder = createReorder<ActivityEvent>({
    windowMs: request.settings.reorderMs,
    capacity: REORDER_CAPACITY,
    emit: (event) => {
      counting.events++;
      request.onEvent(event);
    },
    onStray: () => reject("bad-time"),
  });
  /** Why there is no event of a request, or undefined. */
  const refusalOf = (parsed: RawRequest): ActivityRejection | undefined => {
    const id = parsed.from[FIELD.id] ?? -1;
    if (id >= 0 && duplicates.isRepeated(parsed.line, id, parsed.to[FIELD.id] ?? id)) return "duplicate";
    request.onDemand?.(parsed.atMs, parsed.responseMs);
    const event = eventOf(parsed, tables);
    if (typeof event === "string") return event;
    countArrival(reorder, event, counting);
    return undefined;
  };
  const refusalOfLine = (
    parse: ParseLine,
    line: Buffer,
    from: number,
    to: number,
    repeats: boolean,
  ): ActivityRejection | undefined => {
    const end = parse(raw, line, from, to);
    if (end !== undefined) return end === "header" ? undefined : end;
    if (repeats && !hasField(raw, FIELD.id) && duplicates.isRepeated(line, from, to)) return "duplicate";
    return refusalOf(raw);
  };
  return {
    raw,
    reject,
    takeRequest: (parsed) => {
      counting.lines++;
      const why = refusalOf(parsed);
      if (why !== undefined) reject(why);
    },
    takeLine: (parse, line, from, to, repeats) => {
      if (isBlank(line, from, to)) return;
      counting.lines++;
      const why = refusalOfLine(parse, line, from, to, repeats);
      if (why !== undefined) reject(why);
    },
    flush: reorder.flush,
    counts: () => ({ ...counting, rejected: { ...counting.rejected }, hurried: reorder.hurried() }),
  };
}

function createCounting(): Counting {
  const rejected = Object.fromEntries(ACTIVITY_REJECTIONS.map((why) => [why, 0]));
  return {
    lines: 0,
    events: 0,
    reordered: 0,
    renamed: 0,
    rejected: rejected as Record<ActivityRejection, number>,
  };
}

function createTables(request: IngestRequest, counting: Counting): Tables {
  const { settings, pseudonyms, onRename, userSlots = 262_144 } = request;
  const templates = createEndpointTemplates(settings.maxEndpoints);
  const site = createOwnSite(settings.hosts, templates);
  const text = (line: Buffer, from: number, to: number): string => line.toString("utf8", from, to);
  const { seed } = pseudonyms;
  let agentsSeen = 0;
  return {
    templates,
    site,
    classes: createSharedNames(settings.privacy.k, MAX_CLASSES),
    consent: new Set(settings.privacy.consentValues.map((value) => value.toLowerCase())),
    demandOnly: settings.privacy.withoutConsent === "demand-only",
    user: createIdentifyUser({
      identify: settings.identify,
      pseudonyms,
      slots: userSlots,
      onRename: (from, to) => {
        counting.renamed++;
        onRename?.(from, to);
      },
    }),
    targets: createByteCache({
      slots: 16_384,
      maxKeyBytes: 160,
      seed,
      make: () => ({ endpoint: "", generation: -1 }),
    }),
    agents: createByteCache({
      slots: 4096,
      maxKeyBytes: 320,
      seed,
      make: (...at) => ({ number: agentsSeen++, text: text(...at), ...classifyAgent(text(...at)) }),
    }),
    methods: createByteCache({ slots: 64, maxKeyBytes: 16, seed, make: (...at) => methodOf(text(...at)) }),
    referrers: createByteCache({
      slots: 16_384,
      maxKeyBytes: 192,
      seed,
      make: (line, from, to) => site.read(text(line, from, to)),
    }),
  };
}

function methodOf(text: string): string {
  return METHODS.has(text) ? text : "OTHER";
}

/** The event of a request, or why there is none. */
function eventOf(raw: RawRequest, tables: Tables): ActivityEvent | ActivityRejection {
  const hasConsent =
    tables.consent.size > 0 && tables.consent.has((fieldText(raw, FIELD.consent) ?? "").toLowerCase());
  if (tables.consent.size > 0 && !hasConsent && tables.demandOnly) return "no-consent";
  const agent = cached(raw, FIELD.agent, tables.agents);
  const user = tables.user(raw, agent);
  if (user === undefined) return "no-user";
  return {
    atMs: raw.atMs,
    user,
    method: cached(raw, FIELD.method, tables.methods) ?? "OTHER",
    endpoint: endpointOf(raw, tables),
    status: raw.status,
    bytes: known(raw.bytes),
    responseMs: known(raw.responseMs),
    databaseMs: known(raw.databaseMs),
    device: agent?.device ?? "unknown",
    agent: agent?.agent ?? "unknown",
    referrer: referrerOf(raw, tables),
    sla: hasField(raw, FIELD.sla) ? slaOf(raw, user, tables) : undefined,
    region: hasConsent ? regionOf(raw) : undefined,
  };
}

function cached<T>(raw: RawRequest, field: number, cache: ByteCache<T>): T | undefined {
  const from = raw.from[field] ?? -1;
  return from < 0 ? undefined : cache.get(raw.line, from, raw.to[field] ?? from);
}

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

/** The path's template; only what was answered well makes new ones. */
function endpointOf(raw: RawRequest, { targets, templates }: Tables): string {
  const from = raw.from[FIELD.target] ?? -1;
  if (from < 0) return OTHER_ENDPOINT;
  let to = from;
  const end = raw.to[FIELD.target] ?? from;
  while (to < end && raw.line[to] !== 63 && raw.line[to] !== 35) to++;
  const kept = targets.get(raw.line, from, to);
  const isAdmitted = raw.status < 400;
  if (
    kept.endpoint === "" ||
    (kept.endpoint === OTHER_ENDPOINT && kept.generation !== templates.generation())
  ) {
    const endpoint = templates.templateOf(raw.line.toString("utf8", from, to), isAdmitted);
    if (endpoint === OTHER_ENDPOINT && !isAdmitted) return endpoint;
    kept.endpoint = endpoint;
    kept.generation = templates.generation();
  }
  return kept.endpoint;
}

function referrerOf(raw: RawRequest, { referrers, site }: Tables): string | undefined {
  const referrer = cached(raw, FIELD.referrer, referrers);
  return referrer === undefined ? undefined : site.endpointOf(referrer, fieldText(raw, FIELD.host));
}

/** A short name that at least k users have: a class is of many, and what is of one user may name it. */
function slaOf(raw: RawRequest, user: string, { classes }: Tables): string | undefined {
  const name = fieldText(raw, FIELD.sla) ?? "";
  return CLASS.test(name) ? classes.of(name, user) : undefined;
}

/** ISO 3166: a country, or a part of one. Anything finer is no region. */
function regionOf(raw: RawRequest): string | undefined {
  const region = fieldText(raw, FIELD.region)?.toUpperCase();
  return region !== undefined && REGION.test(region) ? region : undefined;
}

function countArrival(reorder: Reorder<ActivityEvent>, event: ActivityEvent, counting: Counting): void {
  const arrival = reorder.add(event);
  if (arrival === "late") counting.rejected.late++;
  else if (arrival === "reordered") counting.reordered++;
}

function isBlank(line: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((line[at] ?? 0) > 32) return false;
  return true;
}
