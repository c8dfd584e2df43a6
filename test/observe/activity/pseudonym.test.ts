import { createHmac } from "node:crypto";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { durationMs } from "../../../src/model/time.ts";
import { createPseudonyms } from "../../../src/observe/activity/pseudonym.ts";
import { readKeys } from "../../../src/observe/activity/pseudonym-keys.ts";
import { scratchFolder } from "../scratch.ts";
import { combined, madeIngest } from "./made-ingest.ts";

const scratch = scratchFolder();
const DAY = 86_400_000;
const [OLD, NEW] = [Buffer.alloc(32, 1), Buffer.alloc(100, 2)];
const account = (name: string) => ({ by: "account" as const, name, agent: "" });
const pair = (name: string, agent: string) => ({ by: "address-agent" as const, name, agent });

describe("pseudonyms", () => {
  test.each([OLD, NEW])("are HMAC-SHA256 as node has it, 128 bits", (key) => {
    const expected = createHmac("sha256", key).update("account\0ann").digest().toString("base64url", 0, 16);
    expect(createPseudonyms([key]).of(account("ann"))).toBe(expected);
  });

  test("differ by key, kind, name and agent; the first half is the address' alone", () => {
    const users = createPseudonyms([OLD]);
    const all = [
      users.of(account("203.0.113.9")),
      users.of({ ...account("203.0.113.9"), by: "cookie" }),
      users.of({ ...account("203.0.113.9"), by: "address" }),
      users.of(pair("203.0.113.9", "a")),
      users.of(pair("203.0.113.9", "b")),
      users.of(pair("203.0.113.8", "a")),
      createPseudonyms([NEW]).of(pair("203.0.113.9", "a")),
    ];
    expect(new Set(all).size).toBe(all.length);
    for (const user of all) expect(user).toMatch(/^[\w-]{22}$/);
    expect(all[3]?.slice(0, 11)).toBe(all[4]?.slice(0, 11));
    expect(users.ofAddress("203.0.113.9")).toEqual([all[3]?.slice(0, 11)]);
    expect(users.of(pair(" 2001:DB8::1, 10.0.0.1", "a"))).toBe(users.of(pair("2001:db8::1", "a")));
  });

  test("of an older key move to the new one when the user is seen", () => {
    const before = createPseudonyms([OLD]).of(pair("203.0.113.9", "Mozilla/5.0 (X11; Linux x86_64)"));
    const moved: string[][] = [];
    const made = madeIngest({
      pseudonyms: createPseudonyms([NEW, OLD]),
      onRename: (...names) => {
        moved.push(names);
      },
    });
    made.take([combined(0), combined(1)]);
    made.ingest.flush();
    expect(moved).toEqual([[before, made.events[0]?.user]]);
  });

  test("the cookie that is named is one user's, whatever stands beside it", () => {
    const made = madeIngest();
    const line = (second: number, cookie: string) => combined(second, { tail: ` cookie="${cookie}"` });
    made.take([
      line(0, "a=1; sid=abc"),
      line(1, "sid=abc; b=2"),
      line(2, "xsid=abc; sid=abd"),
      line(3, "a=1"),
    ]);
    made.ingest.flush();
    const users = made.events.map(({ user }) => user);
    expect(users[0]).toBe(users[1]);
    expect(new Set(users).size).toBe(3);
  });
});

describe("keys", () => {
  const privacy = { keyEnv: undefined, rotateMs: durationMs(90 * DAY), overlapMs: durationMs(30 * DAY) };
  const read = (file: string, nowMs: number, readOnly = false) =>
    readKeys({ privacy, file, environment: {}, nowMs, readOnly }).map((key) =>
      Buffer.from(key).toString("hex"),
    );

  test("are made with 0600 once, renewed when old, and given up after the overlap", () => {
    const file = scratch.path("keys.json");
    expect(() => read(file, 0, true)).toThrow(/no key yet/);
    const first = read(file, 0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(read(file, 80 * DAY)).toEqual(first);
    const both = read(file, 91 * DAY);
    expect(both).toHaveLength(2);
    expect(both[1]).toBe(first[0]);
    expect(read(file, 110 * DAY)).toEqual(both);
    expect(read(file, 122 * DAY)).toEqual([both[0]]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("that others may read, or that are none, are refused; nothing is overwritten", () => {
    const file = scratch.path("bad.json");
    writeFileSync(file, "{}", { mode: 0o600 });
    expect(() => read(file, 0)).toThrow(/no key file/);
    expect(readFileSync(file, "utf8")).toBe("{}");
    chmodSync(file, 0o644);
    expect(() => read(file, 0)).toThrow(/others may read/);
  });

  test("from the environment, the newest first, and never short", () => {
    const from = (value: string | undefined) =>
      readKeys({
        privacy: { ...privacy, keyEnv: "KEYS" },
        file: "/none",
        environment: { KEYS: value },
        nowMs: 0,
      });
    expect(from(`${"n".repeat(32)}, ${"o".repeat(40)}`)).toHaveLength(2);
    expect(() => from("short")).toThrow(/KEYS/);
    expect(() => from(undefined)).toThrow(/KEYS/);
  });
});
