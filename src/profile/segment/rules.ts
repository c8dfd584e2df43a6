import type { UserProfile } from "../../model/user-profile.ts";
import { type BotView, botVerdict } from "./bots.ts";

export type RuleSegment = "power" | "casual" | "bot";

export interface SegmentRules {
  readonly view: BotView;
  /** Decayed steps from which a user with several sessions is a power user. */
  readonly powerSteps: number;
  readonly powerSessions: number;
}

const POWER_SHARE = 0.9;
const LEAST_POWER_STEPS = 10;

/** Power users: the tenth of people with most steps, who came three times at least. */
export function segmentRules(profiles: readonly UserProfile[], view: BotView): SegmentRules {
  const people = profiles.filter((profile) => !botVerdict(profile, view).isBot);
  const steps = people.map((profile) => profile.steps).sort((a, b) => a - b);
  const tenth = steps[Math.floor(POWER_SHARE * steps.length)] ?? 0;
  return { view, powerSteps: Math.max(LEAST_POWER_STEPS, tenth), powerSessions: 3 };
}

export function ruleSegment(profile: UserProfile, rules: SegmentRules): RuleSegment {
  if (botVerdict(profile, rules.view).isBot) return "bot";
  // Decay takes from sessions what time took: half a session is one of a half-life ago.
  const returns = profile.sessions >= rules.powerSessions - 0.5;
  return returns && profile.steps >= rules.powerSteps ? "power" : "casual";
}

/** A user changes segment when two judgements in a row say the same: one odd day moves nobody. */
export function movedSegment(
  current: string | undefined,
  lastJudged: string | undefined,
  judged: string,
): string {
  if (current === undefined || judged === current) return judged;
  return judged === lastJudged ? judged : current;
}
