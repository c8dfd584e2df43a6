import type { Settings } from "../model/settings.ts";
import { accountOf, type Budget } from "../model/tenancy.ts";
import { TIERS } from "../model/tier.ts";
import { formatDuration } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { readBudgetFile } from "./budget-file.ts";
import { smallestTotal } from "./cross-check.ts";

/**
 * The budget file against the service's own settings. Throws a `UserError` where no run can honour both; gives a line
 * for each thing that runs, but hardly as meant.
 */
export function checkTenancy(settings: Settings): readonly string[] {
  if (settings.tenancy === undefined) return [];
  const { budgetFile } = settings.tenancy;
  const budget = readBudgetFile(budgetFile);
  const mistake = tenancyMistake(settings, budget);
  if (mistake !== undefined) throw new UserError(`${budgetFile}: ${mistake}`);
  const account = accountOf(budget, settings.service);
  const floorUnits = account?.members.find(({ service }) => service === settings.service)?.floorUnits ?? 0;
  const most = settings.limits.maxTotalUnits + settings.warm.maxUnits;
  if (floorUnits <= most) return [];
  return [
    `${budgetFile}: floorUnits ${floorUnits} of ${settings.service} is above what its limits allow (${most}): ` +
      "the rest is reserved for nobody",
  ];
}

function tenancyMistake(settings: Settings, budget: Budget): string | undefined {
  const { service } = settings;
  const account = accountOf(budget, service);
  const member = account?.members.find((each) => each.service === service);
  if (account === undefined || member === undefined) {
    return `${service} is a member of no account (add it under accounts, or take tenancy out of its configuration)`;
  }
  const least = smallestTotal(settings);
  if (member.floorUnits < least) {
    return (
      `floorUnits ${member.floorUnits} of ${service} is below its tiers' minUnits together (${least}): plans down ` +
      `there would be refused (write floorUnits: ${least})`
    );
  }
  return priceMistake(settings, account.priceUsdPerUnitHour) ?? leaseMistake(settings, budget);
}

/** A dearer unit would cost the account more than it is counted at. */
function priceMistake({ service, tiers, warm }: Settings, most: number | null): string | undefined {
  const prices = [...TIERS.map((tier) => tiers[tier].priceUsdPerUnitHour), warm.priceUsdPerUnitHour];
  const dearest = Math.max(...prices);
  if (most === null || dearest <= most + 1e-9) return undefined;
  return `priceUsdPerUnitHour ${most} is below the dearest price of ${service} (${dearest}; raise it)`;
}

/** A lease must outlast a cycle that updates and the wait for the next one, or a healthy member loses its grant. */
function leaseMistake({ schedule, pulumi }: Settings, { leaseMs }: Budget): string | undefined {
  const least = 2 * schedule.intervalMs + pulumi.deadlineMs;
  if (leaseMs >= least) return undefined;
  return (
    `lease ${formatDuration(leaseMs)} is below two cycles and an engine run (${formatDuration(least)}): a member ` +
    "would lose its grant while it works (raise it)"
  );
}
