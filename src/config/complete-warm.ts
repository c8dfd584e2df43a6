import type { ParsedConfig } from "../config-schema.ts";
import type { PrewarmSettings } from "../model/prewarm.ts";
import type { PolicyLimits } from "../model/settings.ts";
import type { WarmKindSettings } from "../model/warm.ts";

export function completeWarmKinds({ warm }: ParsedConfig): readonly WarmKindSettings[] {
  return (warm.kinds ?? []).map(({ perUnit, perRps, target, hello, connectTimeout, expiry, ...kind }) => {
    const at = target.lastIndexOf(":");
    return {
      ...kind,
      use: perRps === undefined ? { per: "unit", count: perUnit ?? 0 } : { per: "rps", count: perRps },
      // The quantile 0.95 at which a missing one is as dear as an idle one.
      underUsdPerHour: kind.underUsdPerHour ?? Math.round(19e6 * kind.priceUsdPerHour) / 1e6,
      expiryMs: expiry,
      target: {
        host: target.slice(0, at).replace(/^\[(.*)\]$/, "$1"),
        port: Number(target.slice(at + 1)),
        hello: hello ?? null,
        connectTimeoutMs: connectTimeout,
      },
    };
  });
}

/** What all kinds at their caps cost, USD per hour. */
export function warmKindsCostUsd({ warm }: ParsedConfig): number {
  return (warm.kinds ?? []).reduce((sum, kind) => sum + kind.maxCount * kind.priceUsdPerHour, 0);
}

/** Caps and prices for the pack: those of the kinds, with what `policies.limits.warmKinds` says in their place. */
export function warmKindLimits({ warm, policies }: ParsedConfig): NonNullable<PolicyLimits["warmKinds"]> {
  const given = policies.limits.warmKinds ?? {};
  const limits = (warm.kinds ?? []).map(({ name, maxCount, priceUsdPerHour }) => [
    name,
    {
      maxCount: given[name]?.maxCount ?? maxCount,
      priceUsdPerHour: given[name]?.priceUsdPerHour ?? priceUsdPerHour,
    },
  ]);
  return Object.fromEntries(limits);
}

export function completePrewarm(
  { prewarm }: ParsedConfig,
  file: (path: string) => string,
): PrewarmSettings | undefined {
  if (prewarm === undefined) return undefined;
  const { tasks, ...rest } = prewarm;
  return {
    ...rest,
    tasks: tasks.map(({ name, action, lead, perUnit, timeout }) => ({
      name,
      action:
        action.kind === "webhook" && action.tokenFile !== undefined
          ? { ...action, tokenFile: file(action.tokenFile) }
          : action,
      leadMs: lead,
      perUnit,
      timeoutMs: timeout,
    })),
  };
}
