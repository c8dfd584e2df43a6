import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Fastify from "fastify";
import { afterAll, expect, test } from "vitest";
import { addActivityRoutes } from "../../src/http/activity-routes.ts";
import { openProfiles } from "../../src/journal/profiles.ts";
import type { ActivityEvent, UsagePoint } from "../../src/model/activity.ts";
import { durationMs } from "../../src/model/time.ts";
import { createActivityDemand } from "../../src/observe/activity/activity-demand.ts";
import { createIngest } from "../../src/observe/activity/ingest.ts";
import { createIntake } from "../../src/observe/activity/intake.ts";
import { createLineParser } from "../../src/observe/activity/line-parser.ts";
import { createPseudonyms } from "../../src/observe/activity/pseudonym.ts";
import { KEY_FILE, readKeys } from "../../src/observe/activity/pseudonym-keys.ts";
import { settingsOf } from "../observe/activity/made-ingest.ts";
import { openPlace } from "./run-cli.ts";

const START = Date.UTC(2026, 2, 2);
const place = await openPlace();
afterAll(place.remove);

/** Forty of them, none a part of what the product writes by itself. */
const ADDRESSES = Array.from({ length: 8 }, (_, i) => `203.0.113.${i + 101}`);
const SIXES = ["2001:db8:aa::77", "2001:db8:bb::78"];
const MAILS = Array.from({ length: 8 }, (_, i) => `person${"abcdefgh"[i]}@mail.example`);
const COOKIES = Array.from({ length: 6 }, (_, i) => `sess-zq${i}Kx81vTrn`);
const NAMES = [
  "Ottilie Brandvold",
  "Xaver Quirin",
  "Zenobia Marsh",
  "Ludolf Tannhaus",
  "Ysolde Perrin",
  "Eusebia Falk",
];
const TOKENS = Array.from({ length: 6 }, (_, i) => `eyJhbGciOiJIUzI1NiJ9.payload${i}.c2lnbmF0dXJl`);
const PHONES = ["+4915112345678", "+4915112345679"];
const USER_IDS = ["k.brandvold", "quirin_x77"];
const PLANTED = [...ADDRESSES, ...SIXES, ...MAILS, ...COOKIES, ...NAMES, ...TOKENS, ...PHONES, ...USER_IDS];

function combined(
  i: number,
  address: string,
  path: string,
  account = "-",
  agent = "Mozilla/5.0 (X11)",
): string {
  const time = new Date(START + i * 1000).toISOString().slice(11, 19);
  const request = `"GET ${path} HTTP/1.1" 200 5 "https://shop.example${path}" "${agent}"`;
  return `${address} - ${account} [02/Mar/2026:${time} +0000] ${request}`;
}

/** Every identifier in every place where logs have such things. */
function plantedLines(): readonly string[] {
  const encoded = PLANTED.map((text) => encodeURIComponent(text));
  return [
    ...ADDRESSES.map((address, i) => combined(i, address, "/")),
    ...SIXES.map((address, i) => combined(20 + i, address, "/cart")),
    ...encoded.map((text, i) => combined(30 + i, "198.51.100.1", `/reset?who=${text}`)),
    ...MAILS.map((mail, i) => combined(80 + i, "198.51.100.1", `/unsubscribe/${mail}`)),
    ...MAILS.map((mail, i) => combined(90 + i, "198.51.100.1", `/letters/${mail}/open`)),
    ...TOKENS.map((token, i) => combined(100 + i, "198.51.100.1", `/go/${token}`)),
    ...PHONES.map((phone, i) => combined(110 + i, "198.51.100.1", `/call/${phone}`)),
    ...NAMES.map((name, i) => combined(115 + i, "198.51.100.1", `/people/${encodeURIComponent(name)}`)),
    ...USER_IDS.map((id, i) => combined(125 + i, "198.51.100.1", `/users/${id}`, id, `Agent of ${NAMES[i]}`)),
  ];
}

function plantedJson(): string {
  return PLANTED.map((text, i) =>
    JSON.stringify({
      time: START + 200_000 + i,
      ip: ADDRESSES[i % 8],
      account: i % 2 === 0 ? text : undefined,
      cookie: `sid=${COOKIES[i % 6]}; name=${encodeURIComponent(text)}`,
      agent: text,
      method: text,
      path: `/x?token=${TOKENS[i % 6]}`,
      status: 200,
      sla: text,
      region: text,
      name: NAMES[i % 6],
      id: `${text}-${i}`,
      note: text,
    }),
  ).join("\n");
}

function otlp(): { readonly logs: string; readonly metrics: string } {
  const attributes = PLANTED.map((text, i) => ({
    key: i % 2 === 0 ? "user.id" : "note",
    value: { stringValue: text },
  }));
  const record = { timeUnixNano: `${START + 300_000}000000`, attributes };
  const bad = { body: { stringValue: `nonsense ${PLANTED.join(" ")}` } };
  const point = { timeUnixNano: `${START}000000`, asDouble: 1, attributes };
  const metric = (name: string, unit: string) => ({ name, unit, gauge: { dataPoints: [point] } });
  return {
    logs: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record, bad] }] }] }),
    metrics: JSON.stringify({
      resourceMetrics: [
        { scopeMetrics: [{ metrics: [metric("cpu", MAILS[0] ?? ""), metric(MAILS[1] ?? "", "1")] }] },
      ],
    }),
  };
}

/** Everything a file holds, the database's free pages and log included. */
async function everything(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, "latin1")))).join("\n");
}

test("forty planted identifiers reach no store, event, answer or metric; forget finds them by pseudonym", async () => {
  expect(new Set(PLANTED).size).toBe(40);
  const state = join(place.folder, "state");
  await mkdir(state, { mode: 0o700 });
  await writeFile(join(place.folder, "tiercast.yaml"), CONFIG);
  const privacy = { keyEnv: undefined, rotateMs: durationMs(1e10), overlapMs: durationMs(1e10) };
  const keys = readKeys({ privacy, file: join(state, KEY_FILE), environment: {}, nowMs: START });
  const pseudonyms = createPseudonyms(keys);
  const events: ActivityEvent[] = [];
  const usage: UsagePoint[] = [];
  const demand = createActivityDemand("push", durationMs(60_000));
  const ingest = createIngest({
    settings: { ...settingsOf(), hosts: ["shop.example"] },
    pseudonyms,
    onEvent: (event) => events.push(event),
    onDemand: demand.count,
    userSlots: 1024,
  });
  const parse = createLineParser("auto");
  for (const line of plantedLines()) {
    const bytes = Buffer.from(line);
    ingest.takeLine(parse, bytes, 0, bytes.length, false);
  }
  const said: string[] = [];
  const app = Fastify();
  const onUsage = (points: readonly UsagePoint[]) => usage.push(...points);
  const shared = { ingest, fields: {}, demand, nowMs: () => START, onUsage };
  addActivityRoutes(app, createIntake({ ...shared, maxWaitingBytes: 1e7 }));
  const post = async (url: string, type: string, payload: string) => {
    const answer = await app.inject({ method: "POST", url, payload, headers: { "content-type": type } });
    said.push(JSON.stringify(answer.headers), answer.body);
    return answer.statusCode;
  };
  expect(await post("/v1/activity", "application/x-ndjson", plantedJson())).toBe(202);
  expect(await post("/v1/logs", "application/json", otlp().logs)).toBe(200);
  expect(await post("/v1/metrics", "application/json", otlp().metrics)).toBe(200);
  expect(await post("/v1/logs", "application/json", `{"bad": "${MAILS[0]}`)).toBe(400);
  expect(await post("/v1/activity", "text/plain", MAILS[0] ?? "")).toBe(415);
  expect(await post("/v1/logs", "application/x-protobuf", MAILS[0] ?? "")).toBe(415);
  ingest.flush();
  await app.close();
  expect(events.length).toBeGreaterThan(100);
  expect(usage.length).toBe(1);

  const profiles = openProfiles(state);
  const byUser = Map.groupBy(events, ({ user }) => user);
  const entries = [...byUser].map(([user, own]) => ({
    user,
    lastSeenMs: Math.max(...own.map(({ atMs }) => atMs)),
    state: JSON.stringify(own),
  }));
  expect(profiles.put(entries, 0)).toBe(byUser.size);
  expect(() => profiles.put([{ user: MAILS[0] ?? "", lastSeenMs: 0, state: "" }], 0)).toThrow(/pseudonym/);
  profiles.putShared("counts", JSON.stringify(ingest.counts()));
  profiles.close();

  const kept = [await everything(state), ...said, JSON.stringify([events, usage, ingest.counts()])].join(
    "\n",
  );
  const found = PLANTED.flatMap((text) => [text, encodeURIComponent(text)]).filter((text) =>
    kept.includes(text),
  );
  expect(found).toEqual([]);

  // An account, an address with all its agents, and one that nothing is kept of.
  const account = await place.run(["forget", USER_IDS[0] ?? "", "-o", "json"]);
  expect(account.stderr).toBe("");
  expect(JSON.parse(account.stdout)).toMatchObject({ kind: "Forgotten", profiles: 1 });
  const address = await place.run(["forget", "-"], {}, `${ADDRESSES[0]?.toUpperCase()}\n`);
  // One came as an address, one where somebody has it for an account name.
  expect(address.stdout).toContain("forgotten: 2 profiles deleted");
  const nobody = await place.run(["forget", "nobody@mail.example"]);
  expect([nobody.code, nobody.stdout]).toEqual([0, "nothing was kept of this user\n"]);
  const text = [account, address, nobody].map(({ stdout, stderr }) => stdout + stderr).join("");
  expect([...PLANTED, "nobody"].filter((each) => text.includes(each))).toEqual([]);

  const after = openProfiles(state);
  expect(after.count()).toBe(byUser.size - 3);
  const gone = entries.filter(({ user }) => after.get(user) === undefined);
  expect(gone).toHaveLength(3);
  // A daemon that has not looked yet does not write them back; one that has may begin anew.
  expect(after.put(gone, 0)).toBe(0);
  expect(after.put(gone, after.forgottenAfter(0).mark)).toBe(3);
  const disk = await everything(state);
  after.close();
  expect(disk).toContain(gone[0]?.user);
}, 120_000);

const CONFIG = `service: shop
demand: { source: csv, path: demand.csv }
state: { folder: state }
activity: { identify: { cookie: sid } }
`;
