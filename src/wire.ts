import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createStackDriver } from "./apply/driver.ts";
import { type Engine, findEngine } from "./apply/engine.ts";
import { type PinnedPack, pinPack } from "./apply/policy-pack.ts";
import { createPrewarmRunner } from "./apply/prewarm-task.ts";
import { writeShims } from "./apply/shims.ts";
import { wallClock } from "./clock.ts";
import { readBudgetFile } from "./config/budget-file.ts";
import type { ControllerParts } from "./controller/parts.ts";
import { createForecastEngine } from "./forecast/engine/engine.ts";
import { openJournal } from "./journal/journal.ts";
import { keepLearned } from "./journal/keep-learned.ts";
import { learnedFile } from "./journal/learned-file.ts";
import { acquireLease, type Lease } from "./journal/lease.ts";
import { makeStateFolder } from "./journal/make-state-folder.ts";
import { JOURNAL_FILE } from "./journal/open-store.ts";
import { ownIdentity } from "./journal/process-identity.ts";
import { createPlatformReader } from "./local/platform-reader.ts";
import type { Journal } from "./model/journal-port.ts";
import { localPlatform } from "./model/platform-settings.ts";
import type { AheadSource, Clock, ForecastEngine, Log } from "./model/ports.ts";
import { type DemandSeries, joinSeries } from "./model/series.ts";
import type { Settings } from "./model/settings.ts";
import type { EngineStatus } from "./model/status.ts";
import { UserError } from "./model/user-error.ts";
import { createAheadSource } from "./observe/ahead-source.ts";
import { readCsvTrace } from "./observe/csv-trace.ts";
import { openDemandSource } from "./observe/open-source.ts";
import { openTenancy } from "./tenancy/tenancy.ts";

export interface WireOptions {
  readonly settings: Settings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cacheFolder: string;
  readonly log: Log;
  /** The wall clock unless a trace is replayed. */
  readonly clock?: Clock;
  /** For commands that only look: no lease, the journal opened for reading. */
  readonly readOnly?: boolean;
  /** Keep the engine's coloured diff of previews. */
  readonly wantsDiff?: boolean;
  /** `take`: become the single writer, or throw a `UserError` that names who is. */
  readonly lease?: "take" | "none";
  /** History to learn from, instead of the file of `demand.path`: a replay knows its own. */
  readonly history?: DemandSeries;
}

export interface Wired {
  readonly parts: ControllerParts;
  readonly files: StateFiles;
  readonly lease: Lease | null;
  readonly engineStatus: () => EngineStatus;
  /** Looks for the engine again; after an install. */
  readonly findEngineAgain: () => Promise<Engine | undefined>;
  readonly close: () => Promise<void>;
}

/** Where the parts of a service's state are, under its state folder. */
export interface StateFiles {
  readonly endpointFile: string;
  readonly supervisorLog: string;
  readonly shims: string;
}

export function stateFiles(settings: Settings): StateFiles {
  const { folder } = settings.state;
  return {
    endpointFile: join(folder, "platform", "endpoint.json"),
    supervisorLog: join(folder, "platform", "supervisor.log"),
    shims: join(folder, "shims"),
  };
}

/** The policy pack that is shipped: beside the sources in a clone, beside the emitted code when installed. */
export function shippedPack(): string {
  return fileURLToPath(new URL("../policies", import.meta.url));
}

/** The composition root: the one place that knows every adapter. */
export async function wire(options: WireOptions): Promise<Wired> {
  const { settings } = options;
  // First what may be the user's mistake and needs nothing on disk. Stacks and policies of a cluster are there, what
  // reads it and acts on it is not yet.
  localPlatform(settings, "a cycle");
  const pack = await pinPack(settings.policies.pack ?? shippedPack(), settings.policies.limits);
  makeStateFolder(settings.state.folder);
  const lease = options.lease === "take" ? await takeLease(settings) : null;
  const giveBack = [() => lease?.release()];
  try {
    const { journal, discard } = openItsJournal(options);
    giveBack.unshift(journal.close, discard);
    return await compose(options, { pack, lease, journal, giveBack });
  } catch (error) {
    for (const step of giveBack) step();
    throw error;
  }
}

/** What is held while a service is wired, and how it is given back, in order. */
interface Held {
  readonly pack: PinnedPack;
  readonly lease: Lease | null;
  readonly journal: Journal;
  readonly giveBack: readonly (() => void)[];
}

async function compose(options: WireOptions, { pack, lease, journal, giveBack }: Held): Promise<Wired> {
  const { settings, environment, log } = options;
  const clock = options.clock ?? wallClock();
  const files = stateFiles(settings);
  const platform = createPlatformReader(files.endpointFile);
  const engine = engineFinder(options, files);
  const driver = createStackDriver({
    stateFolder: settings.state.folder,
    pulumi: settings.pulumi,
    pulumiRoot: engine.root,
    pack,
    nodePath: process.execPath,
    environment,
    compileCacheFolder: join(options.cacheFolder, "compile"),
    log,
    wallMs: Date.now,
    wantsDiff: options.wantsDiff ?? false,
  });
  const forecaster = forecasterOf(options, clock);
  const demand = await openDemandSource({
    demand: settings.demand,
    clock,
    wallNowMs: Date.now,
    reader: platform,
    history: await knownHistory(options, journal, clock),
    environment,
    random: Math.random,
    onWarning: (line) => log.warn("observe", line),
  });
  const ahead = aheadOf(settings, journal, log);
  const identity = ownIdentity();
  const parts: ControllerParts = {
    settings,
    clock,
    demand,
    ahead,
    forecaster,
    platform,
    ...tenancyOf(settings, journal, clock),
    driver,
    journal,
    prewarm: createPrewarmRunner({ environment }),
    log,
    endpointFile: files.endpointFile,
    random: Math.random,
    wallMs: Date.now,
    self: { pid: identity.pid, processStart: identity.processStart },
  };
  return {
    parts,
    files,
    lease,
    engineStatus: engine.status,
    findEngineAgain: engine.find,
    close: async () => {
      await Promise.allSettled([demand.close(), ahead.close(), forecaster.close(), driver.close()]);
      for (const step of giveBack) step();
    },
  };
}

function forecasterOf({ settings, readOnly = false, log }: WireOptions, clock: Clock): ForecastEngine {
  return keepLearned({
    engine: createForecastEngine({
      settings: settings.forecast,
      timeZone: settings.demand.timeZone,
      horizons: settings.horizons,
      threads: settings.forecast.threads,
    }),
    key: settings.service,
    file: learnedFile(settings.state.folder, settings.service),
    readOnly,
    monotonicMs: clock.monotonicMs,
    log,
  });
}

/** The account that the service shares with others, if any. */
function tenancyOf(settings: Settings, journal: Journal, clock: Clock): Pick<ControllerParts, "tenancy"> {
  if (settings.tenancy === undefined) return {};
  const tenancy = openTenancy({
    service: settings.service,
    budgetFile: settings.tenancy.budgetFile,
    readBudget: readBudgetFile,
    lastAccount: () => journal.getState("share")?.account,
    wallMs: Date.now,
    monotonicMs: clock.monotonicMs,
  });
  return { tenancy };
}

/** What is planned, as files, configuration and HTTP say it, and series that go before demand. */
function aheadOf(settings: Settings, journal: Journal, log: Log): AheadSource {
  const { timeZone, stepMs, historyMs } = settings.demand;
  return createAheadSource({
    events: settings.events,
    leading: settings.leading,
    timeZone,
    stepMs,
    historyMs,
    stored: () => journal.getState("events") ?? [],
    onWarning: (line) => log.warn("observe", line),
  });
}

/** What the router counted in earlier lives of the daemon, on top of the history that is configured. */
async function knownHistory(
  options: WireOptions,
  journal: Journal,
  clock: Clock,
): Promise<DemandSeries | undefined> {
  const { demand, service } = options.settings;
  if (demand.source !== "platform") return undefined;
  const nowMs = clock.nowMs();
  const given = options.history ?? (await historyFile(options));
  const recorded = journal.readDemand(service, nowMs - demand.historyMs, nowMs);
  if (recorded === null || recorded.stepMs !== demand.stepMs) return given;
  return given === undefined ? recorded : joinSeries(given, recorded);
}

async function historyFile({ settings, log }: WireOptions): Promise<DemandSeries | undefined> {
  const { path } = settings.demand;
  if (path === undefined) return undefined;
  const { series, warnings } = await readCsvTrace({ ...settings.demand, path });
  for (const line of warnings) log.warn("observe", line);
  return series;
}

/** A plan before the first run reads from a journal that is empty and gone afterwards. */
function openItsJournal({ settings, readOnly = false }: WireOptions): {
  journal: Journal;
  discard: () => void;
} {
  const { folder, retention: retentionMs } = settings.state;
  if (!readOnly || existsSync(join(folder, JOURNAL_FILE))) {
    return { journal: openJournal({ folder, retentionMs, readOnly }), discard: () => undefined };
  }
  const scratch = mkdtempSync(join(folder, "plan-"));
  const discard = () => rmSync(scratch, { recursive: true, force: true });
  return { journal: openJournal({ folder: scratch, retentionMs }), discard };
}

async function takeLease(settings: Settings): Promise<Lease> {
  const lease = await acquireLease({
    folder: settings.state.folder,
    name: settings.pulumi.tierStack,
    describe: `tiercast, service ${settings.service}`,
  });
  if (lease.kind === "acquired") return lease;
  const { pid, host, what, since } = lease.by;
  throw new UserError(
    `${settings.pulumi.tierStack} is already run by pid ${pid} on ${host} (${what}) since ` +
      `${new Date(since).toISOString()}: stop that one, or give this one another state.folder and stack`,
    1,
  );
}

/** Asks for the engine until it is there, then never again; shims are written once for it. */
function engineFinder(options: WireOptions, files: StateFiles) {
  let found: { readonly engine: Engine; readonly root: string } | undefined;
  const find = async (): Promise<Engine | undefined> => {
    const engine = await findEngine({
      cacheFolder: options.cacheFolder,
      pathVariable: options.environment["PATH"] ?? "",
      environment: options.environment,
    });
    if (engine === undefined) return undefined;
    const shims = await writeShims({
      folder: files.shims,
      pulumiPath: engine.pulumiPath,
      nodePath: process.execPath,
    });
    found = { engine, root: shims.root };
    return engine;
  };
  return {
    find,
    root: async () => {
      if (found === undefined) await find();
      return found?.root;
    },
    status: (): EngineStatus =>
      found === undefined
        ? { kind: "missing", reason: "no Pulumi engine: run `tiercast engine install`" }
        : { kind: "ready", version: found.engine.version },
  };
}
