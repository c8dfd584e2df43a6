import { describe, expect, test } from "vitest";
import { settingsFromText } from "../../src/config.ts";

function settingsOf(text: string) {
  return settingsFromText(`service: shop\n${text}`, "/etc/shop/tiercast.yaml", { HOME: "/home/ann" })
    .settings;
}

const KIND = "name: db, maxCount: 40, priceUsdPerHour: 0.01, target: '10.0.0.5:5432'";
const kinds = (...entries: readonly string[]) =>
  `warm:\n  kinds:\n${entries.map((entry) => `    - {${entry}}\n`).join("")}`;
const tasks = (...entries: readonly string[]) =>
  `prewarm:\n  tasks:\n${entries.map((entry) => `    - {${entry}}\n`).join("")}`;

describe("warm kinds", () => {
  test("are nothing by default, and then no kind passes the pack", () => {
    const { warm, prewarm, policies } = settingsOf("");
    expect([warm.kinds, prewarm, policies.limits.warmKinds]).toEqual([undefined, undefined, {}]);
  });

  test("are completed, and the pack gets their caps and prices", () => {
    const { warm, policies, limits } = settingsOf(
      kinds(`${KIND}, perUnit: 2, hello: {sendHex: '00ff', untilHex: '5a'}`),
    );
    expect(warm.kinds).toEqual([
      {
        name: "db",
        use: { per: "unit", count: 2 },
        minCount: 0,
        maxCount: 40,
        priceUsdPerHour: 0.01,
        underUsdPerHour: 0.19,
        expiryMs: 1_800_000,
        quantile: 0.95,
        target: {
          host: "10.0.0.5",
          port: 5432,
          hello: { sendHex: "00ff", untilHex: "5a" },
          connectTimeoutMs: 5_000,
        },
      },
    ]);
    expect(policies.limits.warmKinds).toEqual({ db: { maxCount: 40, priceUsdPerHour: 0.01 } });
    expect(limits.maxCostUsdPerHour).toBeCloseTo(settingsOf("").limits.maxCostUsdPerHour + 0.4, 6);
  });

  test("the pack's own numbers stand beside them; an address in brackets loses them", () => {
    const text = kinds(`name: db, maxCount: 9, priceUsdPerHour: 1, perRps: 0.1, target: '[::1]:6379'`);
    const { warm, policies } = settingsOf(`${text}policies: {limits: {warmKinds: {db: {maxCount: 5}}}}`);
    expect(warm.kinds?.[0]?.target).toMatchObject({ host: "::1", port: 6379, hello: null });
    expect(warm.kinds?.[0]?.use).toEqual({ per: "rps", count: 0.1 });
    expect(policies.limits.warmKinds).toEqual({ db: { maxCount: 5, priceUsdPerHour: 1 } });
  });

  test.each([
    [kinds(KIND), "needs either perUnit or perRps"],
    [kinds(`${KIND}, perUnit: 1, perRps: 1`), "needs either perUnit or perRps"],
    [kinds(`${KIND}, perUnit: 1`, `${KIND}, perUnit: 2`), "db is there twice"],
    [kinds(`${KIND}, perUnit: 1, minCount: 41`), "40 is below minCount 41"],
    [kinds(`${KIND.replace(":5432", "")}, perUnit: 1`), "HOST:PORT"],
    [kinds(`${KIND.replace("5432", "70000")}, perUnit: 1`), "no port 70000"],
    [kinds(`${KIND}, perUnit: 1, hello: {sendHex: 'abc', untilHex: '00'}`), "hexadecimal"],
  ])("%s", (text, words) => {
    expect(() => settingsOf(text)).toThrow(words);
  });
});

describe("pre-warming", () => {
  test("is completed; a token file is beside the configuration", () => {
    const { prewarm } = settingsOf(
      tasks("name: a, command: [pull, x], lead: 1h", "name: b, webhook: 'https://c/x', tokenFile: t"),
    );
    expect(prewarm).toEqual({
      quantile: 0.9,
      minRiseFraction: 0.5,
      maxAttempts: 3,
      tasks: [
        {
          name: "a",
          action: { kind: "command", argv: ["pull", "x"] },
          leadMs: 3_600_000,
          perUnit: 1,
          timeoutMs: 10_000,
        },
        {
          name: "b",
          action: { kind: "webhook", url: "https://c/x", tokenFile: "/etc/shop/t" },
          leadMs: 1_800_000,
          perUnit: 1,
          timeoutMs: 10_000,
        },
      ],
    });
  });

  test.each([
    [tasks("name: a"), "needs either webhook or command"],
    [tasks("name: a, webhook: 'https://c/x', command: [x]"), "needs either webhook or command"],
    [tasks("name: a, command: [x], tokenFile: t"), "has a tokenFile without a webhook"],
    [tasks("name: a, command: [x]", "name: a, command: [y]"), "a is there twice"],
    [tasks("name: a, webhook: 'https://me:pw@c/x'"), "without a password in it"],
    [tasks("name: a, command: [x], timeout: 5m"), "at most 1m"],
  ])("%s", (text, words) => {
    expect(() => settingsOf(text)).toThrow(words);
  });
});
