import { HOUR_MS } from "../../model/time.ts";

/** Members that hung or took their worker down: out for hours, in the time of the series. */
export interface Outages {
  /** Members out for `key` at `nowMs`, with the reason. */
  outFor(key: string, nowMs: number): Readonly<Record<string, string>>;
  note(key: string, member: string, reason: string, nowMs: number): void;
}

const OUT_MS = 3 * HOUR_MS;
/** A member that failed this many series is out for all: each would else wait for its deadline. */
const SERIES_BEFORE_ALL = 3;

interface Outage {
  readonly untilMs: number;
  readonly reason: string;
}

export function createOutages(): Outages {
  const byMember = new Map<string, Map<string, Outage>>();
  const outage = (byKey: Map<string, Outage>, key: string, nowMs: number): Outage | undefined => {
    for (const [failed, { untilMs }] of byKey) if (untilMs <= nowMs) byKey.delete(failed);
    const anyone = byKey.size >= SERIES_BEFORE_ALL ? byKey.values().next().value : undefined;
    return byKey.get(key) ?? anyone;
  };
  return {
    outFor: (key, nowMs) => {
      const out: Record<string, string> = {};
      for (const [member, byKey] of byMember) {
        const found = outage(byKey, key, nowMs);
        if (found === undefined) continue;
        out[member] = `${found.reason}; out until ${new Date(found.untilMs).toISOString()}`;
      }
      return out;
    },
    note: (key, member, reason, nowMs) => {
      const byKey = byMember.get(member) ?? new Map<string, Outage>();
      byKey.set(key, { untilMs: nowMs + OUT_MS, reason });
      byMember.set(member, byKey);
    },
  };
}
