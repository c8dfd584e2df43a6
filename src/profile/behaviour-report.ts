import type { UserProfile } from "../model/user-profile.ts";
import { type Association, associations } from "./associations.ts";
import { type Behaviour, heldOut, learnHeldOut, pathOf } from "./behaviour.ts";
import { type LatencySensitivity, latencySensitivity } from "./latency-sensitivity.ts";
import { expectedRequests } from "./navigate/expected-requests.ts";
import { type ExpectedScore, scoreExpected } from "./navigate/expected-score.ts";
import { rankByNetwork, trainNetwork } from "./navigate/gated-network.ts";
import { type Navigation, nextShares } from "./navigate/navigation.ts";
import { type NextAccuracy, nextAccuracy, type RankNext, withoutRepeats } from "./navigate/next-accuracy.ts";
import { type CacheItem, cachePlan, type PrefetchPlan, prefetchPlan } from "./navigate/prefetch.ts";
import { allProfiles } from "./profiles.ts";
import {
  type DeservedDemand,
  deservedDemand,
  endWindow,
  type SecuritySignal,
  suspiciousByKind,
} from "./security.ts";
import { type BotScore, type BotTrait, botVerdict, botView, scoreBots } from "./segment/bots.ts";
import { type Clustering, clusterUsers } from "./segment/clusters.ts";
import { type RuleSegment, ruleSegment, segmentRules } from "./segment/rules.ts";
import { distinctCount, distinctError } from "./sketch/distinct-count.ts";
import { heaviest } from "./sketch/frequent-items.ts";
import { type Workflow, workflows } from "./workflows.ts";

export interface ReportSettings {
  /** Also train the sequence model: seconds of work. */
  readonly sequenceModel: boolean;
  /** Rules and workflows of fewer sessions are not shown. */
  readonly leastSessions: number;
  /** Bytes per hour that may be fetched ahead. */
  readonly prefetchBytes: number;
  readonly horizonMs: number;
}

export interface SegmentSummary {
  readonly segment: RuleSegment;
  readonly users: number;
  readonly share: number;
  readonly requestShare: number;
  readonly sessionsPerUser: number;
  readonly stepsPerSession: number;
  readonly assetShare: number;
  readonly errorShare: number;
  /** Share of its requests by local hour, 24. */
  readonly hours: readonly number[];
}

export interface NavigationReport {
  readonly learnedSessions: number;
  readonly heldOutSessions: number;
  readonly contexts: number;
  /** The first is the first-order chain, which gains are against. */
  readonly accuracy: readonly NextAccuracy[];
  readonly accuracyWithoutRepeats: readonly NextAccuracy[];
  readonly sequenceModel: "not-trained" | "kept" | "no-better";
  readonly expected: ExpectedScore | undefined;
}

export interface BehaviourReport {
  readonly fromMs: number;
  readonly toMs: number;
  readonly requests: number;
  readonly users: { readonly count: number; readonly errorShare: number };
  readonly sessions: {
    readonly count: number;
    readonly stepsMean: number;
    readonly lengthMeanMs: number;
    readonly singleShare: number;
    readonly lateEvents: number;
    readonly closedEarly: number;
  };
  readonly devices: Readonly<Record<string, number>>;
  readonly endpoints: readonly {
    readonly endpoint: string;
    readonly requests: number;
    readonly bytesMean: number;
  }[];
  readonly segments: readonly SegmentSummary[];
  readonly bots: { readonly score: BotScore; readonly traits: Readonly<Partial<Record<BotTrait, number>>> };
  readonly clustering: Clustering | undefined;
  readonly associations: readonly Association[];
  readonly areaAssociations: readonly Association[];
  readonly workflows: readonly Workflow[];
  readonly navigation: NavigationReport;
  readonly latency: LatencySensitivity;
  readonly prefetch: PrefetchPlan;
  readonly cache: readonly CacheItem[];
  readonly security: {
    readonly signals: readonly SecuritySignal[];
    readonly byKind: Readonly<Record<string, number>>;
    readonly demand: DeservedDemand;
  };
}

/** What was learned, once activity has ended. Scores navigation on the sessions held out, then learns them. */
export function behaviourReport(state: Behaviour, settings: ReportSettings): BehaviourReport {
  endWindow(state.security);
  const profiles = allProfiles(state.profiles);
  const navigation = navigationReport(state, settings);
  learnHeldOut(state);
  const { totals, sessions } = state;
  return {
    fromMs: state.firstMs,
    toMs: state.lastMs,
    requests: state.requests,
    users: { count: Math.round(distinctCount(state.users)), errorShare: distinctError(state.users) },
    sessions: {
      count: totals.sessions,
      stepsMean: totals.steps / totals.sessions,
      lengthMeanMs: totals.lengthMs / totals.sessions,
      singleShare: totals.single / totals.sessions,
      lateEvents: sessions.lateEvents,
      closedEarly: sessions.closedEarly,
    },
    devices: Object.fromEntries(
      [...state.devices].map(([device, count]) => [device, count / state.requests]),
    ),
    endpoints: heaviest(state.endpoints, 30).map(({ key, weight }) => {
      return { endpoint: key, requests: weight, bytesMean: bytesOf(state, key) ?? Number.NaN };
    }),
    ...segmentParts(profiles),
    clustering: clusterUsers(profiles),
    associations: associations(state.together, settings.leastSessions),
    areaAssociations: associations(state.areas, settings.leastSessions, 20),
    workflows: workflows(state.workflows, settings.leastSessions),
    navigation,
    latency: latencySensitivity(state.latency),
    ...plans(state, settings),
    security: securityReport(state),
  };
}

/** Mean transfer of an endpoint; undefined when unknown. */
export function bytesOf({ sizes }: Behaviour, endpoint: string): number | undefined {
  const size = sizes.get(endpoint);
  return size === undefined || size.sized === 0 ? undefined : size.bytes / size.sized;
}

function segmentParts(profiles: readonly UserProfile[]): Pick<BehaviourReport, "segments" | "bots"> {
  const view = botView(profiles);
  const rules = segmentRules(profiles, { ...view, withDeclared: true });
  const members: Record<RuleSegment, UserProfile[]> = { power: [], casual: [], bot: [] };
  const traits: Partial<Record<BotTrait, number>> = {};
  for (const profile of profiles) {
    const segment = ruleSegment(profile, rules);
    members[segment].push(profile);
    if (segment !== "bot") continue;
    for (const trait of botVerdict(profile, rules.view).traits) traits[trait] = (traits[trait] ?? 0) + 1;
  }
  const requests = sum(profiles, (profile) => profile.requests);
  const segments = (["power", "casual", "bot"] as const).map((segment) =>
    summary(segment, members[segment], { users: profiles.length, requests }),
  );
  return { segments, bots: { score: scoreBots(profiles, view, 3), traits } };
}

function summary(
  segment: RuleSegment,
  members: readonly UserProfile[],
  all: { readonly users: number; readonly requests: number },
): SegmentSummary {
  const requests = sum(members, (profile) => profile.requests);
  const sessions = sum(members, (profile) => profile.sessions);
  const of = (count: number): number => (requests > 0 ? count / requests : 0);
  return {
    segment,
    users: members.length,
    share: members.length / Math.max(1, all.users),
    requestShare: requests / Math.max(1e-9, all.requests),
    sessionsPerUser: sessions / Math.max(1, members.length),
    stepsPerSession: sum(members, (profile) => profile.steps) / Math.max(1e-9, sessions),
    assetShare: of(sum(members, (profile) => profile.types.asset ?? 0)),
    errorShare: of(sum(members, (profile) => profile.errors)),
    hours: Array.from({ length: 24 }, (_, hour) => of(sum(members, (profile) => profile.hours[hour] ?? 0))),
  };
}

function navigationReport(state: Behaviour, settings: ReportSettings): NavigationReport {
  const held = heldOut(state);
  const paths = held.map(pathOf);
  const rankings: Record<string, RankNext> = {
    "first-order": rankBy(state.firstOrder),
    chain: rankBy(state.navigation),
    popular: popular(state),
  };
  if (settings.sequenceModel && state.learnedSessions >= 200) {
    const network = trainNetwork(state.learned);
    rankings["sequence"] = (recent) => rankByNetwork(network, recent, 4);
  }
  const accuracy = nextAccuracy(paths, rankings);
  const { gapMs } = state.settings;
  return {
    learnedSessions: state.learnedSessions,
    heldOutSessions: held.length,
    contexts: state.navigation.contexts.size,
    accuracy,
    accuracyWithoutRepeats: nextAccuracy(paths.map(withoutRepeats), withoutLast(rankings)),
    sequenceModel: sequenceVerdict(paths, rankings),
    expected:
      held.length < 20
        ? undefined
        : scoreExpected({
            sessions: held,
            navigation: state.navigation,
            pace: state.pace,
            horizonMs: settings.horizonMs,
            gapMs,
            origins: 200,
          }),
  };
}

/** Where a step is never the one before, no ranking offers that. */
function withoutLast(rankings: Readonly<Record<string, RankNext>>): Readonly<Record<string, RankNext>> {
  return Object.fromEntries(
    Object.entries(rankings).map(([name, rank]) => {
      const ranked: RankNext = (recent) => rank(recent).filter((endpoint) => endpoint !== recent.at(-1));
      return [name, ranked];
    }),
  );
}

/** Kept where its top 3 beats the chain's by more than two standard errors. */
function sequenceVerdict(
  paths: readonly (readonly string[])[],
  { chain, sequence }: Readonly<Record<string, RankNext>>,
): NavigationReport["sequenceModel"] {
  if (chain === undefined || sequence === undefined) return "not-trained";
  const [, found] = nextAccuracy(paths, { chain, sequence });
  return found !== undefined && found.top3Gain > 2 * found.top3GainError ? "kept" : "no-better";
}

function rankBy(navigation: Navigation): RankNext {
  return (recent) => nextShares(navigation, recent, 4).next.map(({ endpoint }) => endpoint);
}

function popular(state: Behaviour): RankNext {
  const counts = new Map<string, number>();
  for (const path of state.learned)
    for (const endpoint of path) counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
  const top = [...counts].sort(([, m], [, n]) => n - m).slice(0, 4);
  const names = top.map(([name]) => name);
  return () => names;
}

function plans(state: Behaviour, settings: ReportSettings): Pick<BehaviourReport, "prefetch" | "cache"> {
  const { navigation, pace, totals } = state;
  const hours = Math.max(1, (state.lastMs - state.firstMs) / 3_600_000);
  const sizeOf = (endpoint: string): number | undefined => bytesOf(state, endpoint);
  const prefetch = prefetchPlan({
    navigation,
    pace,
    bytesOf: sizeOf,
    visitsPerHour: (endpoint) => (state.sizes.get(endpoint)?.requests ?? 0) / hours,
    budgetBytes: settings.prefetchBytes,
    leastShare: 0.1,
  });
  const startsPerMinute = totals.sessions / hours / 60;
  const expected = expectedRequests({
    navigation,
    pace,
    live: [],
    horizonMs: settings.horizonMs,
    startsPerMinute,
  });
  return { prefetch, cache: cachePlan(expected, sizeOf, settings.prefetchBytes).slice(0, 50) };
}

function securityReport({ security, settings, requests }: Behaviour): BehaviourReport["security"] {
  const byKind = suspiciousByKind(security);
  // A user can be signalled for two reasons in one window: what is excluded is no more than there was.
  const suspicious = Math.min(
    requests,
    Object.values(byKind).reduce((total, count) => total + count, 0),
  );
  return { signals: security.signals, byKind, demand: deservedDemand(requests, suspicious, settings.policy) };
}

function sum<T>(list: readonly T[], value: (item: T) => number): number {
  return list.reduce((total, item) => total + value(item), 0);
}
