import type { UserProfile } from "../../model/user-profile.ts";
import { breadthOf } from "../profiles.ts";
import { pauseFigures } from "./features.ts";

/** Traits that speak for a machine, each with its points. */
export type BotTrait =
  /** Ten or more pages or feeds and hardly any of the assets that a browser fetches with them. */
  | "no-assets"
  /** Pages without assets too, from fewer requests. */
  | "few-assets"
  /** Pauses of nearly the same length. */
  | "regular"
  /** More pages in a minute than can be read. */
  | "fast"
  /** Many different endpoints, hardly any twice. */
  | "breadth"
  /** Active around the clock. */
  | "sleepless"
  /** Many requests for what is not there. */
  | "missing"
  /** Asks for headers only. */
  | "heads"
  /** Never led here by another page, where the source tells. */
  | "no-referrer"
  /** Paths that attackers try. */
  | "probes"
  /** The same feed again and again. */
  | "feed-reader"
  /** robots.txt or a site map. */
  | "robots"
  /** Says that it is one. */
  | "declared";

const POINTS: Readonly<Record<BotTrait, number>> = {
  "no-assets": 3,
  "few-assets": 2,
  regular: 1,
  fast: 1,
  breadth: 1,
  sleepless: 2,
  missing: 1,
  heads: 3,
  "no-referrer": 1,
  probes: 4,
  "feed-reader": 2,
  robots: 4,
  declared: 5,
};

/** From here on a user counts as a bot. */
export const BOT_POINTS = 3;

export interface BotView {
  /** False to leave out what says it openly (robots.txt, user agent), as where the judgement is itself judged. */
  readonly withDeclared: boolean;
  /** The site's pages come with assets: without any, their absence tells nothing. */
  readonly siteHasAssets: boolean;
  /** The source tells referrers. */
  readonly siteHasReferrers: boolean;
}

export interface BotVerdict {
  readonly isBot: boolean;
  readonly points: number;
  readonly traits: readonly BotTrait[];
}

/** Judges a user by behaviour. One or two requests tell little: most who made them are nobody's bot. */
export function botVerdict(profile: UserProfile, view: BotView): BotVerdict {
  const traits = [
    ...assetTraits(profile, view),
    ...timeTraits(profile),
    ...requestTraits(profile, view),
    ...(view.withDeclared ? declaredTraits(profile) : []),
  ];
  const points = traits.reduce((sum, trait) => sum + POINTS[trait], 0);
  return { isBot: points >= BOT_POINTS, points, traits };
}

function assetTraits({ types }: UserProfile, { siteHasAssets }: BotView): readonly BotTrait[] {
  const { page = 0, feed = 0, asset = 0 } = types;
  if (feed >= 3 && feed > 4 * (page + asset)) return ["feed-reader"];
  if (!siteHasAssets) return [];
  const read = page + feed;
  if (read >= 5 && asset < 0.05 * read) return ["no-assets"];
  return read >= 2 && asset < 0.1 * read ? ["few-assets"] : [];
}

function timeTraits(profile: UserProfile): readonly BotTrait[] {
  const traits: BotTrait[] = [];
  const { types, requests, hours } = profile;
  const { mean, spread } = pauseFigures(profile);
  const unaided = (types.asset ?? 0) < 0.1 * requests;
  if (profile.pauses[0] >= 8 && spread < 0.35 && mean > 0.5) traits.push("regular");
  if (profile.busiestMinute >= 30 && unaided) traits.push("fast");
  if (requests >= 24 && hours.filter((count) => count > 0).length >= 18) traits.push("sleepless");
  return traits;
}

function requestTraits(profile: UserProfile, { siteHasReferrers }: BotView): readonly BotTrait[] {
  const traits: BotTrait[] = [];
  const { requests, types } = profile;
  const unaided = (types.asset ?? 0) < 0.1 * requests;
  if (requests >= 10 && unaided && breadthOf(profile) > 0.8 * requests) traits.push("breadth");
  if (requests >= 5 && profile.missing > 0.4 * requests) traits.push("missing");
  if (profile.heads > 0.5 * requests && profile.heads >= 2) traits.push("heads");
  if (siteHasReferrers && requests >= 2 && profile.referred < 0.02 * requests) traits.push("no-referrer");
  if ((types.probe ?? 0) >= 1) traits.push("probes");
  return traits;
}

function declaredTraits({ types, agent }: UserProfile): readonly BotTrait[] {
  const robots: readonly BotTrait[] = (types.robots ?? 0) > 0 ? ["robots"] : [];
  return agent === "declared-bot" || agent === "tool" ? [...robots, "declared"] : robots;
}

export interface BotScore {
  readonly users: number;
  readonly labelled: number;
  readonly found: number;
  readonly precision: number;
  readonly recall: number;
}

/** Precision and recall of the judgement by behaviour alone, against who asked for robots.txt or says it is a bot. */
export function scoreBots(
  profiles: readonly UserProfile[],
  view: Omit<BotView, "withDeclared">,
  leastRequests: number,
): BotScore {
  const judged = profiles.filter(({ requests }) => requests >= leastRequests);
  let [labelled, found, both] = [0, 0, 0];
  for (const profile of judged) {
    const isLabelled = declaredTraits(profile).length > 0;
    const { isBot } = botVerdict(profile, { ...view, withDeclared: false });
    if (isLabelled) labelled++;
    if (isBot) found++;
    if (isLabelled && isBot) both++;
  }
  return { users: judged.length, labelled, found, precision: both / found, recall: both / labelled };
}

export function botView(profiles: readonly UserProfile[]): Omit<BotView, "withDeclared"> {
  const total = { requests: 0, assets: 0, referred: 0 };
  for (const { requests, types, referred } of profiles) {
    total.requests += requests;
    total.assets += types.asset ?? 0;
    total.referred += referred;
  }
  return {
    siteHasAssets: total.assets > 0.1 * total.requests,
    siteHasReferrers: total.referred > 0.1 * total.requests,
  };
}
