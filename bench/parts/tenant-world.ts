import { think } from "../../src/controller/think.ts";
import { grantShare, heldAfter } from "../../src/decide/grant-share.ts";
import type { ForecastRecord } from "../../src/model/cycle.ts";
import type { DecideInput, DecideSettings } from "../../src/model/decide-input.ts";
import type { PlatformState } from "../../src/model/platform.ts";
import type { Account, AccountShare, LedgerEntry, Wish } from "../../src/model/tenancy.ts";
import { NO_UNITS, type Sizes, type TierUnits, totalUnits } from "../../src/model/tier.ts";
import { DAY_MS, durationMs, HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";

export const STEP_MS = 5 * MINUTE_MS;
const UNIT_RPS = 10;
/** Asked for at the start of a step, a unit serves this many steps later. */
const LEAD_STEPS = 2;
const SPREAD = 0.1;
const LEVELS = [0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];
/** Standard normal quantiles of `LEVELS`. */
const SCORES = [-1.645, -0.674, 0, 0.674, 1.282, 1.645, 2.326];
const HORIZON_STEPS = 12;
export const START_MS = Date.UTC(2026, 0, 5);

/** A service: its expected demand in units, and what really comes. */
export interface TenantTrace {
  readonly service: string;
  readonly expectedUnits: (step: number) => number;
  readonly demandRps: readonly number[];
}

/** How a budget is handed out. */
export type Rule = "no budget" | "first come" | "fixed parts" | "shares";

export interface TenantRow {
  readonly service: string;
  /** Units that demand needs, per step. */
  readonly needed: readonly number[];
  readonly ready: readonly number[];
  /** Tiers and warm pool, those that start included. */
  readonly running: readonly number[];
  /** Steps in which it may not even use min(floor, need). */
  readonly starvedSteps: number;
}

interface Tenant extends TenantTrace {
  current: Sizes;
  warmExpiresMs: number | null;
  needHistory: DecideInput["needHistory"];
  reviewedMs: number | null;
  /** Units asked for, by the step at which they are ready. */
  readonly starting: Map<number, number>;
  ready: number;
  readonly rows: { needed: number[]; ready: number[]; running: number[] };
  starvedSteps: number;
}

/** The real decision of each service, step by step in a rotating order, around a supply with a lead time. */
export function runTenants(
  account: Account,
  traces: readonly TenantTrace[],
  rule: Rule,
): readonly TenantRow[] {
  const tenants = traces.map(open);
  const ledger = new Map<string, LedgerEntry>();
  const steps = Math.min(...traces.map(({ demandRps }) => demandRps.length));
  for (let step = 1; step < steps; step++) {
    const order = [...tenants.slice(step % tenants.length), ...tenants.slice(0, step % tenants.length)];
    for (const tenant of order) decideStep(account, tenants, tenant, { rule, step, ledger });
    for (const tenant of tenants) serve(tenant, step);
  }
  return tenants.map(({ service, rows, starvedSteps }) => ({ service, ...rows, starvedSteps }));
}

function open(trace: TenantTrace): Tenant {
  return {
    ...trace,
    current: { units: NO_UNITS, warmUnits: 0 },
    warmExpiresMs: null,
    needHistory: [],
    reviewedMs: null,
    starting: new Map(),
    ready: 0,
    rows: { needed: [], ready: [], running: [] },
    starvedSteps: 0,
  };
}

interface Turn {
  readonly rule: Rule;
  readonly step: number;
  readonly ledger: Map<string, LedgerEntry>;
}

function decideStep(account: Account, tenants: readonly Tenant[], tenant: Tenant, turn: Turn): void {
  const input = inputOf(tenant, turn.step);
  const alone = think(input).decision;
  const total = totalUnits(alone.after.units);
  const wish: Wish = {
    service: tenant.service,
    neededUnits: Math.min(total, alone.need.observedUnits),
    askedUnits: total + alone.after.warmUnits,
    inUseUnits: runningUnits(tenant),
    acts: true,
  };
  const share = shareOf(account, tenants, wish, turn);
  const floor = account.members.find(({ service }) => service === tenant.service)?.floorUnits ?? 0;
  if (share !== undefined && share.grantedUnits < Math.min(floor, wish.neededUnits)) tenant.starvedSteps += 1;
  const settings = share === undefined ? input.settings : { ...input.settings, share };
  const { decision, baselineReviewed } = think({ ...input, settings });
  if (baselineReviewed) tenant.reviewedMs = input.nowMs;
  const past = tenant.needHistory.filter((each) => each.atMs > input.nowMs - settings.sizing.stabilizationMs);
  const units = Math.max(decision.need.observedUnits, decision.need.aheadUnits);
  tenant.needHistory = [...past, { atMs: input.nowMs, units }];
  take(tenant, decision.after, turn.step);
  tenant.warmExpiresMs = decision.warmExpiresMs ?? null;
  const entry = turn.ledger.get(tenant.service);
  if (entry === undefined) return;
  // The update is done within the step: what was given up is free for who decides next.
  const inUseUnits = runningUnits(tenant);
  const heldUnits = heldAfter(entry.grantedUnits, inUseUnits, entry.heldUnits);
  turn.ledger.set(tenant.service, { ...entry, inUseUnits, heldUnits });
}

function shareOf(
  account: Account,
  tenants: readonly Tenant[],
  wish: Wish,
  { rule, ledger }: Turn,
): AccountShare | undefined {
  switch (rule) {
    case "no budget":
      return undefined;
    case "first come": {
      const others = tenants.filter(({ service }) => service !== wish.service).map(runningUnits);
      const free = account.budgetUnits - others.reduce((sum, units) => sum + units, 0);
      return shareText(account, wish, Math.max(0, Math.min(wish.askedUnits, free)));
    }
    case "fixed parts": {
      const weights = account.members.reduce((sum, { weight }) => sum + weight, 0);
      const own = account.members.find(({ service }) => service === wish.service)?.weight ?? 0;
      return shareText(account, wish, Math.floor((account.budgetUnits * own) / weights));
    }
    case "shares": {
      const book = { account, entries: [...ledger.values()], silent: [], settling: false };
      const { own, share } = grantShare(book, wish);
      const rest = { lapsed: false, sinceMs: 0, heardMs: 0, beat: 0 };
      ledger.set(wish.service, { service: wish.service, ...own, ...rest });
      return share;
    }
  }
}

function shareText(account: Account, wish: Wish, grantedUnits: number): AccountShare {
  const { neededUnits, askedUnits } = wish;
  const { name, budgetUnits } = account;
  const bound = grantedUnits < askedUnits ? "budget" : "none";
  const units = {
    budgetUnits,
    floorUnits: 0,
    neededUnits,
    askedUnits,
    fairUnits: grantedUnits,
    grantedUnits,
  };
  return { account: name, ...units, bound, reason: "" };
}

function runningUnits({ current }: Tenant): number {
  return totalUnits(current.units) + current.warmUnits;
}

/** Units asked for start at once and are ready after the lead time; units given up go at once, youngest first. */
function take(tenant: Tenant, after: Sizes, step: number): void {
  const before = totalUnits(tenant.current.units);
  let less = before - totalUnits(after.units);
  tenant.current = after;
  if (less < 0) {
    const at = step + LEAD_STEPS;
    tenant.starting.set(at, (tenant.starting.get(at) ?? 0) - less);
    return;
  }
  for (const at of [...tenant.starting.keys()].sort((a, b) => b - a)) {
    const gone = Math.min(less, tenant.starting.get(at) ?? 0);
    tenant.starting.set(at, (tenant.starting.get(at) ?? 0) - gone);
    less -= gone;
  }
  tenant.ready -= less;
}

function serve(tenant: Tenant, step: number): void {
  tenant.ready += tenant.starting.get(step) ?? 0;
  tenant.starting.delete(step);
  tenant.rows.needed.push(Math.max(1, Math.ceil((tenant.demandRps[step] ?? 0) / UNIT_RPS - 1e-9)));
  tenant.rows.ready.push(tenant.ready);
  tenant.rows.running.push(runningUnits(tenant));
}

function inputOf(tenant: Tenant, step: number): DecideInput {
  const nowMs = START_MS + step * STEP_MS;
  const seen = (back: number): number => tenant.demandRps[step - back] ?? tenant.demandRps[0] ?? 0;
  return {
    nowMs,
    decisionId: `${tenant.service}-${step}`,
    settings: SETTINGS,
    observation: {
      atMs: nowMs,
      cutoffMs: nowMs,
      demandRps: seen(1),
      recentRps: [seen(3), seen(2), seen(1)],
      freshness: "fresh",
      note: "",
    },
    forecast: forecastOf(tenant, step, nowMs),
    evidence: EVIDENCE,
    platform: platformOf(tenant),
    current: tenant.current,
    warmExpiresMs: tenant.warmExpiresMs,
    needHistory: tenant.needHistory,
    appliedAtMs: [],
    lastBaselineReviewMs: tenant.reviewedMs ?? nowMs,
    leadTimesMs: [],
    service: null,
    missingSinceMs: null,
    pause: null,
  };
}

/** The expected demand, log-normal around it: right on ordinary days, blind to a flash crowd. */
function forecastOf(tenant: Tenant, step: number, nowMs: number): ForecastRecord {
  const medians = Array.from({ length: HORIZON_STEPS }, (_, h) => tenant.expectedUnits(step + h) * UNIT_RPS);
  const quantiles = SCORES.map((score) => medians.map((median) => median * Math.exp(SPREAD * score)));
  return { cutoffMs: nowMs, stepMs: STEP_MS, levels: LEVELS, quantiles };
}

function platformOf({ current, ready }: Tenant): PlatformState {
  let left = ready;
  const tier = (name: keyof TierUnits) => {
    const readyUnits = Math.min(current.units[name], left);
    left -= readyUnits;
    const wantedUnits = current.units[name];
    return { wantedUnits, readyUnits, startingUnits: wantedUnits - readyUnits, drainingUnits: 0 };
  };
  return {
    tiers: { baseline: tier("baseline"), predictive: tier("predictive"), burst: tier("burst") },
    warm: { wantedUnits: current.warmUnits, idleUnits: 0, preparingUnits: 0 },
    planGeneration: 1,
    startTimesMs: [],
  };
}

const EVIDENCE: NonNullable<DecideInput["evidence"]> = {
  weights: {},
  coverage90: [0.9],
  scoreCount: [500],
  relativeError: 0.5,
  anomalyScore: 0,
  anomalyMultiplier: 1,
  failures: {},
  fitMs: 0,
};

const SETTINGS: DecideSettings = {
  mode: "active",
  horizons: [durationMs(STEP_MS), HOUR_MS],
  resources: [{ kind: "amount", name: "cpu", perRps: 0.1, idle: 0, perUnit: 1, targetUtilization: 1 }],
  tiers: {
    baseline: { minUnits: 1, maxUnits: 100, priceUsdPerUnitHour: 0.06 },
    predictive: { minUnits: 0, maxUnits: 100, priceUsdPerUnitHour: 0.1 },
    burst: { minUnits: 0, maxUnits: 100, priceUsdPerUnitHour: 0.1 },
  },
  warm: { maxUnits: 0, priceUsdPerUnitHour: 0.04, expiryMs: HOUR_MS, quantile: 0.99 },
  limits: {
    maxTotalUnits: 100,
    maxCostUsdPerHour: 1000,
    maxStepUpUnits: 50,
    maxStepDownUnits: 8,
    burstReserveUnits: 0,
    maxUpdatesPerHour: 60,
  },
  risk: { acceptable: "medium", trustFloor: 0.3, aggressiveAbove: 0.7 },
  sizing: {
    rule: "newsvendor",
    underUsdPerUnitHour: 1.9,
    releaseBand: 0.04,
    stabilizationMs: durationMs(15 * MINUTE_MS),
    baselineReviewMs: DAY_MS,
    baselineStepUnits: 2,
    minSavingUsdPerHour: 0,
    marginFraction: 0,
  },
  missing: { holdMs: HOUR_MS, fallbackUnits: 1 },
  leadTime: { priorMs: durationMs(LEAD_STEPS * STEP_MS), quantile: 0.9 },
  cycleMs: STEP_MS,
  staleAfterMs: 3 * STEP_MS,
};
