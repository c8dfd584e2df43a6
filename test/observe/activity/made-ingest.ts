import type { ActivityEvent, ActivitySettings } from "../../../src/model/activity.ts";
import { durationMs } from "../../../src/model/time.ts";
import { createIngest, type Ingest, type IngestRequest } from "../../../src/observe/activity/ingest.ts";
import { createLineParser } from "../../../src/observe/activity/line-parser.ts";
import { createLineSplitter } from "../../../src/observe/activity/line-splitter.ts";
import { createPseudonyms } from "../../../src/observe/activity/pseudonym.ts";

export const KEY = Buffer.alloc(32, 7);

export type Settings = IngestRequest["settings"];

export function settingsOf(more: Partial<Settings> = {}): Settings {
  const privacy: ActivitySettings["privacy"] = {
    keyFile: undefined,
    keyEnv: undefined,
    rotateMs: durationMs(86_400_000),
    overlapMs: durationMs(86_400_000),
    k: 5,
    consentValues: [],
    withoutConsent: "pseudonymous",
  };
  const identify = { by: ["account", "cookie", "address-agent"] as const, cookie: "sid" };
  return { identify, privacy, hosts: [], reorderMs: durationMs(30_000), maxEndpoints: 500, ...more };
}

export interface MadeIngest {
  readonly ingest: Ingest;
  readonly events: ActivityEvent[];
  readonly demand: number[];
  /** Takes lines of one source. */
  take(lines: readonly string[], format?: Parameters<typeof createLineParser>[0], repeats?: boolean): void;
}

export function madeIngest(
  request: Partial<IngestRequest> & { readonly more?: Partial<Settings> } = {},
): MadeIngest {
  const events: ActivityEvent[] = [];
  const demand: number[] = [];
  const ingest = createIngest({
    settings: settingsOf(request.more),
    pseudonyms: createPseudonyms([KEY]),
    onEvent: (event) => {
      events.push(event);
    },
    onDemand: (atMs) => {
      demand.push(atMs);
    },
    userSlots: 1024,
    ...request,
  });
  return {
    ingest,
    events,
    demand,
    take: (lines, format = "auto", repeats = false) => {
      const parse = createLineParser(format);
      const splitter = createLineSplitter({
        maxLineBytes: 65_536,
        onLine: (bytes, from, to) => ingest.takeLine(parse, bytes, from, to, repeats),
        onBad: (why) => ingest.reject(why),
      });
      splitter.take(Buffer.from(`${lines.join("\n")}\n`));
      splitter.end();
    },
  };
}

/** A combined line, `second` seconds after 2026-03-02 00:00 UTC. */
export function combined(second: number, more: Readonly<Record<string, string>> = {}): string {
  const {
    address = "203.0.113.9",
    path = "/",
    agent = "Mozilla/5.0 (X11; Linux x86_64)",
    status = "200",
  } = more;
  const at = new Date(Date.UTC(2026, 2, 2) + second * 1000).toISOString();
  const stamp = `${at.slice(8, 10)}/Mar/2026:${at.slice(11, 19)} +0000`;
  const tail = more["tail"] ?? "";
  const request = `"GET ${path} HTTP/1.1" ${status} 512 "${more["referrer"] ?? "-"}" "${agent}"${tail}`;
  return `${address} - ${more["account"] ?? "-"} [${stamp}] ${request}`;
}
