import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cacheFolder, parseDurationSetting, settingsFromText, stateFolder } from "../../src/config.ts";
import { configTemplate } from "../../src/config-template.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import { UserError } from "../../src/model/user-error.ts";

const HOME = { HOME: "/home/ann" };

function settingsOf(text: string, environment: Readonly<Record<string, string>> = {}) {
  return settingsFromText(text, "/etc/shop/tiercast.yaml", { ...HOME, ...environment });
}

describe("defaults", () => {
  test("one line is a configuration", () => {
    const { settings, warnings } = settingsOf("service: shop");
    expect(warnings).toEqual([]);
    expect(settings.mode).toBe("shadow");
    expect(settings.demand.stepMs).toBe(5 * MINUTE_MS);
    expect(settings.demand.staleAfterMs).toBe(15 * MINUTE_MS);
    expect(settings.horizons).toEqual([5 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, DAY_MS]);
    expect(settings.schedule.intervalMs).toBe(5 * MINUTE_MS);
    expect(settings.state.folder).toBe("/home/ann/.local/state/tiercast/shop");
    expect(settings.tags).toEqual({ service: "shop", "managed-by": "tiercast" });
    expect(settings.pulumi.backend).toBeUndefined();
    expect(settings.pulumi.tierStack).toBe("shop-tiers");
  });

  test("response times size nothing unless they are asked to; the percentile says how many requests it needs", () => {
    expect(settingsOf("service: s").settings).not.toHaveProperty("latency");
    const latencyOf = (text: string) =>
      settingsOf(`service: s\nlatency: {threshold: 1s${text}}`).settings.latency;
    expect(latencyOf("")).toEqual({
      percentile: 0.95,
      thresholdMs: 1000,
      forMs: 2 * MINUTE_MS,
      maxStepFraction: 1,
      releaseBelowFraction: 0.7,
      minRequests: 200,
    });
    expect(latencyOf(", percentile: 0.99")?.minRequests).toBe(1000);
    expect(latencyOf(", minRequests: 50")?.minRequests).toBe(50);
  });

  test("an update costs what a unit costs for ten seconds", () => {
    expect(settingsOf("service: s").settings.sizing.updateCostUsd).toBeCloseTo(0.1 / 360, 9);
    const given = settingsOf("service: s\nsizing: {updateCostUsd: 0.5}");
    expect(given.settings.sizing.updateCostUsd).toBe(0.5);
  });

  test("follow from the settings they depend on", () => {
    const { settings } = settingsOf("service: s\nlimits: {maxTotalUnits: 200}\ndemand: {step: 1h}");
    expect(settings.limits.maxStepUpUnits).toBe(100);
    expect(settings.limits.maxStepDownUnits).toBe(25);
    expect(settings.limits.burstReserveUnits).toBe(10);
    expect(settings.tiers.predictive.maxUnits).toBe(200);
    expect(settings.warm.maxUnits).toBe(20);
    expect(settings.platform).toMatchObject({ kind: "local", maxUnits: 220 });
    // 200 units at 0.10 and 20 warm ones at 0.04
    expect(settings.limits.maxCostUsdPerHour).toBeCloseTo(20.8, 9);
    expect(settings.horizons).toEqual([HOUR_MS, DAY_MS]);
    expect(settings.missing.fallbackUnits).toBe(100);
  });

  test("policy limits take the limits over once, and the user's own values stay their own", () => {
    const { settings } = settingsOf(
      "service: s\nlimits: {maxTotalUnits: 50}\npolicies: {limits: {maxStepUpUnits: 30}}",
    );
    expect(settings.policies.limits.maxTotalUnits).toBe(50);
    expect(settings.policies.limits.maxStepUpUnits).toBe(30);
    expect(settings.policies.limits.priceUsdPerUnitHour.warm).toBe(0.04);
  });

  test("sizing: magnitude shrinks below 0.75 of the size, newsvendor by a small band", () => {
    expect(settingsOf("service: s\nsizing: {rule: magnitude}").settings.sizing.releaseBand).toBe(0.25);
    expect(settingsOf("service: s").settings.sizing.releaseBand).toBe(0.04);
  });

  test("the cost of a missing unit gives the 0.95 quantile whatever the price", () => {
    for (const price of [0.01, 0.1, 3]) {
      const { sizing } = settingsOf(
        `service: s\ntiers: {predictive: {priceUsdPerUnitHour: ${price}}}`,
      ).settings;
      expect(sizing.underUsdPerUnitHour / (sizing.underUsdPerUnitHour + price)).toBeCloseTo(0.95, 6);
    }
    const free = settingsOf("service: s\ntiers: {predictive: {priceUsdPerUnitHour: 0}}").settings;
    expect(free.sizing.underUsdPerUnitHour).toBeGreaterThan(0);
  });
});

describe("what is read", () => {
  test("durations become milliseconds, paths absolute from the file's folder", () => {
    const { settings } = settingsOf(
      "service: s\ndemand: {source: csv, path: data/d.csv, history: 1w}\nstate: {folder: ~/st}\nsizing: {stabilization: 1h30m}",
    );
    expect(settings.demand.path).toBe("/etc/shop/data/d.csv");
    expect(settings.state.folder).toBe("/home/ann/st");
    expect(settings.demand.historyMs).toBe(7 * DAY_MS);
    expect(settings.sizing.stabilizationMs).toBe(90 * MINUTE_MS);
  });

  test("anchors and aliases in honest numbers", () => {
    const { settings } = settingsOf("service: &s shop\ntags: {app: *s}");
    expect(settings.tags["app"]).toBe("shop");
  });

  test("both kinds of resources", () => {
    const { settings } = settingsOf(
      "service: s\nresources:\n  - {name: q, kind: queue, slotsPerUnit: 4, serviceTime: 20ms, latencyObjective: 100ms}\n" +
        "  - {name: mem, kind: amount, perRps: 0.5, perUnit: 8}\n",
    );
    expect(settings.resources).toEqual([
      {
        kind: "queue",
        name: "q",
        slotsPerUnit: 4,
        serviceTimeMs: 20,
        latencyObjectiveMs: 100,
        latencyPercentile: 0.95,
      },
      { kind: "amount", name: "mem", perRps: 0.5, idle: 0, perUnit: 8, targetUtilization: 0.8 },
    ]);
  });

  test("what runs, but hardly as meant, is a warning with its place", () => {
    const { warnings } = settingsOf(
      "service: s\npolicies: {limits: {maxTotalUnits: 30}}\nplatform: {slotsPerUnit: 8}\nresources:\n" +
        "  - {name: q, kind: queue, slotsPerUnit: 4, serviceTime: 20ms, latencyObjective: 100ms}\n",
    );
    expect(warnings).toEqual([
      "/etc/shop/tiercast.yaml:2:36: policies.limits.maxTotalUnits: 30 is below limits.maxTotalUnits 40: plans in between will be refused",
      "/etc/shop/tiercast.yaml:3:26: platform.slotsPerUnit: 8 differs from slotsPerUnit 4 of resource q: sizes will be wrong by that factor",
    ]);
  });
});

describe("the environment", () => {
  test("overrides settings, lists and tags", () => {
    const { settings } = settingsOf("service: s\nlimits: {maxTotalUnits: 10}", {
      TIERCAST_LIMITS__MAX_TOTAL_UNITS: "40",
      TIERCAST_HORIZONS: "[5m, 1h]",
      TIERCAST_DEMAND__TIME_ZONE: "Europe/Berlin",
      TIERCAST_TAGS__TEAM: "checkout",
      TIERCAST_MODE: "",
    });
    expect(settings.limits.maxTotalUnits).toBe(40);
    expect(settings.horizons).toEqual([5 * MINUTE_MS, HOUR_MS]);
    expect(settings.demand.timeZone).toBe("Europe/Berlin");
    expect(settings.tags["team"]).toBe("checkout");
    expect(settings.mode).toBe("shadow");
  });

  test("reserved names are not settings", () => {
    const reserved = {
      TIERCAST_CONFIG: "x",
      TIERCAST_TEST_PULUMI: "x",
      TIERCAST_RUN_FOLDER: "x",
      TIERCAST_CACHE_FOLDER: "x",
    };
    expect(() => settingsOf("service: s", reserved)).not.toThrow();
  });

  test.each([
    [{ TIERCAST_LIMITS_MAX_TOTAL_UNITS: "4" }, "did you mean TIERCAST_LIMITS__MAX_TOTAL_UNITS?"],
    [{ TIERCAST_QQQQQQQQQQQQ: "4" }, "environment TIERCAST_QQQQQQQQQQQQ: names no setting (unset it)"],
    [{ TIERCAST_LIMITS__MAX_TOTAL_UNITS: "[" }, "environment TIERCAST_LIMITS__MAX_TOTAL_UNITS: is not YAML"],
    [
      { TIERCAST_MODE: "on" },
      'environment TIERCAST_MODE: mode: must be one of observe, shadow, suggest, active, not "on"',
    ],
  ])("%j is an error that names it", (environment, message) => {
    expect(() => settingsOf("service: s", environment as Record<string, string>)).toThrow(message);
  });

  test("state and cache folders follow the XDG rules", () => {
    expect(stateFolder({ HOME: "/h" })).toBe("/h/.local/state/tiercast");
    expect(cacheFolder({ HOME: "/h" })).toBe("/h/.cache/tiercast");
    expect(stateFolder({ HOME: "/h", XDG_STATE_HOME: "/x" })).toBe("/x/tiercast");
    expect(cacheFolder({ HOME: "/h", XDG_CACHE_HOME: "relative" })).toBe("/h/.cache/tiercast");
    expect(cacheFolder({ HOME: "/h", XDG_CACHE_HOME: "/x", TIERCAST_CACHE_FOLDER: "/own" })).toBe("/own");
    expect(stateFolder({ TIERCAST_STATE_FOLDER: "/own" })).toBe("/own");
  });
});

describe("the template that init writes", () => {
  test.each([
    [{ service: "shop", schema: "./schema.json" }],
    [
      {
        service: "shop",
        schema: "./schema.json",
        source: "csv",
        path: "my data: 1.csv",
        timeZone: "Asia/Kolkata",
      },
    ],
    [{ service: "shop", schema: "./schema.json", source: "access-log" }],
  ] as const)("loads without error or warning: %j", (request) => {
    const { settings, warnings } = settingsOf(configTemplate(request));
    expect(warnings).toEqual([]);
    expect(settings.service).toBe("shop");
    expect(settings.demand.path).toBe(
      "source" in request ? `/etc/shop/${"path" in request ? request.path : "access.log"}` : undefined,
    );
  });

  test("says what would be without it: every value is a default", () => {
    const written = settingsOf(configTemplate({ service: "shop", schema: "s.json" })).settings;
    expect(written).toEqual(settingsOf("service: shop").settings);
  });

  test("has both modelines, and what is commented out is valid too and the default", () => {
    const text = configTemplate({ service: "shop", schema: "./s.json" });
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/s\.json\n# \$schema: \.\/s\.json\n/);
    const lines = text.split("\n").filter((line) => !line.startsWith("# observe: "));
    const all = lines.map((line) => line.replace(/^( *)# ( *(?:- )?[a-zA-Z]+:(?: .*)?)$/, "$1$2"));
    const { settings } = settingsOf(all.join("\n"));
    const defaults = settingsOf("service: shop").settings;
    expect(settings.resources).toHaveLength(2);
    expect(settings).toEqual({
      ...defaults,
      demand: { ...defaults.demand, path: "/etc/shop/history.csv" },
      resources: settings.resources,
      tags: { ...defaults.tags, team: "shop" },
    });
  });
});

describe("durations of flags", () => {
  test.each([
    ["3m", 180_000],
    [" 1h30m ", 5_400_000],
    ["250ms", 250],
  ])("%s", (text, ms) => expect(parseDurationSetting(text, "--for")).toBe(ms));

  test.each(["3", "", "0s", "-5m", "five", "5 m", "1e3s"])("%j is refused", (text) => {
    expect(() => parseDurationSetting(text, "--for")).toThrow(
      /^--for: must be a duration with a unit \(write /,
    );
  });
});

describe("whatever the text", () => {
  const words = fc.constantFrom(
    "service",
    "x",
    ":",
    " ",
    "\n",
    "  ",
    "-",
    "[",
    "]",
    "{",
    "}",
    "&a",
    "*a",
    "!!",
    "|",
    ">",
    "'",
    '"',
    "#",
    ",",
    "5m",
    "9",
    "demand",
    "tiers",
    "?",
    "\t",
    "__proto__",
    "~",
    "%",
    "@",
  );
  test("it is settings or a UserError, never anything else", () => {
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), (parts) => {
        try {
          settingsOf(parts.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
          expect((error as UserError).message).toMatch(/tiercast\.yaml:\d+:\d+: /);
        }
      }),
      { numRuns: 1500 },
    );
  });
});
