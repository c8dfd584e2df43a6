import { grantShare, heldShare } from "../decide/grant-share.ts";
import type { DecideInput } from "../model/decide-input.ts";
import type { Decision } from "../model/decision.ts";
import type { PlatformState } from "../model/platform.ts";
import type { AccountBook, AccountShare, Exchanged, Tenancy, Wish } from "../model/tenancy.ts";
import { type Sizes, TIERS, totalUnits } from "../model/tier.ts";
import type { ControllerParts } from "./parts.ts";
import { modeInForce, type Pass } from "./pass.ts";
import type { ControllerState } from "./state.ts";
import { think } from "./think.ts";

/**
 * `input` with the units this service is granted of its account, as one more limit. What it wants is what it would
 * decide without it; claim, look at the others and grant are one transaction of the ledger. Without the ledger the
 * last grant holds, said loudly and counted.
 */
export function withShare(pass: Pass, input: DecideInput): DecideInput {
  const { parts, state } = pass;
  const { tenancy, settings } = parts;
  if (tenancy === undefined) return input;
  const wish = wishOf(pass, input, think(input).decision);
  const outcome = tenancy.exchange((book: AccountBook) => grantShare(book, wish));
  const share = outcome.kind === "done" ? outcome.share : held(parts, state, wish, outcome);
  if (outcome.kind === "done") {
    keepShare(parts, share);
    const back = state.share?.bound === "held" && share.bound !== "held";
    if (back) parts.log.info("decide", `the ledger of account ${share.account} is back`);
  }
  if (share.bound === "removed") parts.log.warn("decide", `${settings.service}: ${share.reason}`);
  state.share = share;
  return { ...input, settings: { ...input.settings, share } };
}

/** What the service would have without the account: its need now, and with forecast and warm pool. */
function wishOf(pass: Pass, input: DecideInput, decision: Decision): Wish {
  const { after, outcome, need } = decision;
  const total = totalUnits(after.units);
  const isPaused = outcome.kind === "hold" && outcome.reason === "paused";
  // Missing is not zero: while demand is not known, what is held is what is needed.
  const isKnown = input.observation.freshness === "fresh" && !isPaused;
  const mode = modeInForce(pass);
  return {
    service: pass.parts.settings.service,
    neededUnits: isKnown ? Math.min(total, Math.max(need.observedUnits, need.latencyUnits ?? 0)) : total,
    askedUnits: total + after.warmUnits,
    inUseUnits: inUseUnits(pass, input.current),
    acts: mode === "active" || mode === "suggest",
  };
}

/** What runs or may run: never less than what was asked of a platform that does not answer, or by a run cut off. */
function inUseUnits({ parts, state, record }: Pass, current: Sizes): number {
  const wanted = totalUnits(current.units) + current.warmUnits;
  const { platform } = record;
  if (platform === null && state.applied === null) return wanted;
  const isUnsure = platform === null || state.needsRecovery;
  const asked = isUnsure ? (parts.journal.getState("share")?.grantedUnits ?? 0) : 0;
  return Math.max(wanted, asked, platform === null ? 0 : platformUnits(platform));
}

/** Units of a platform, those that still drain and the warm ones included: all of them cost. */
function platformUnits({ tiers, warm }: PlatformState): number {
  const units = TIERS.map((tier) => tiers[tier].wantedUnits + tiers[tier].drainingUnits);
  return units.reduce((sum, each) => sum + each, warm.wantedUnits);
}

function held(
  parts: ControllerParts,
  state: ControllerState,
  wish: Wish,
  { reason }: Extract<Exchanged, { readonly kind: "unavailable" }>,
): AccountShare {
  const share = heldShare(state.share ?? parts.journal.getState("share"), wish, reason);
  state.ledgerFailures += 1;
  parts.log.warn("decide", `the account's ledger cannot be used, ${share.reason}`, {
    failures: state.ledgerFailures,
  });
  return share;
}

/** Each write waits for the disk: only what a held grant is made of is kept, when it changed. */
function keepShare({ journal, log }: ControllerParts, share: AccountShare): void {
  const known = journal.getState("share");
  const same =
    known?.account === share.account &&
    known.grantedUnits === share.grantedUnits &&
    known.floorUnits === share.floorUnits;
  if (same) return;
  try {
    journal.setState("share", share);
  } catch (error) {
    log.warn("decide", `the grant was not kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** After an update: units that are gone are free for the others at once, not a cycle later. */
export function settleShare({ parts, state, record }: Pass): void {
  if (parts.tenancy === undefined || record.apply?.kind !== "applied" || state.needsRecovery) return;
  if (record.platform !== null) parts.tenancy.settle(platformUnits(record.platform));
}

/** A tenancy for a plan that nobody carries out: it looks and claims nothing. */
export function lookingOnly(tenancy: Tenancy): Tenancy {
  return { ...tenancy, exchange: tenancy.peek, settle: () => undefined, leave: () => undefined };
}
