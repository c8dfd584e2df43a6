/** One mistake each: what it is, the text, and the one line it must yield. */
export const PLANTED: readonly (readonly [string, string, string])[] = [
  ["service missing", "mode: active", "1:1: service: is missing (add service: ...)"],
  [
    "service name",
    "service: My Shop",
    '1:10: service: must be a name of a-z, 0-9 and -, at most 40 long, not "My Shop"',
  ],
  ["unknown key", "service: x\nhorizon: [5m]", "2:1: horizon: is no setting (did you mean horizons?)"],
  [
    "unknown key in a group",
    "service: x\ndemand:\n  timezone: UTC",
    "3:3: demand.timezone: is no setting (did you mean timeZone?)",
  ],
  [
    "key in the wrong group",
    "service: x\nmaxTotalUnits: 3",
    "2:1: maxTotalUnits: is no setting (did you mean limits.maxTotalUnits?)",
  ],
  [
    "snake case",
    "service: x\nlimits: {max_total_units: 9}",
    "2:10: limits.max_total_units: is no setting (did you mean maxTotalUnits?)",
  ],
  [
    "unit in the key",
    "service: x\ndemand: {stepMs: 300000}",
    "2:10: demand.stepMs: is no setting (did you mean step?)",
  ],
  [
    "enum value",
    "service: x\nmode: actve",
    '2:7: mode: must be one of observe, shadow, suggest, active, not "actve" (did you mean active?)',
  ],
  [
    "duration without unit",
    "service: x\ndemand:\n  step: 5",
    "3:9: demand.step: must have a unit (write 5m or 5s, not 5)",
  ],
  [
    "duration with a blank",
    "service: x\ndemand: {step: 5 m}",
    '2:16: demand.step: must be a duration like 5m or 1h30m, not "5 m" (write 5m)',
  ],
  [
    "duration in words",
    "service: x\ndemand: {step: five}",
    '2:16: demand.step: must be a duration like 5m or 1h30m, not "five" (units are ms, s, m, h, d, w)',
  ],
  [
    "prometheus without an address",
    "service: x\ndemand:\n  source: prometheus\n  query: up",
    "3:11: demand.source: prometheus needs demand.url (add url: http://HOST:9090)",
  ],
  [
    "prometheus without a query",
    "service: x\ndemand:\n  source: prometheus\n  url: http://p:9090",
    "3:11: demand.source: prometheus needs demand.query (add one; `tiercast init --prometheus URL` lists some)",
  ],
  [
    "a password in the address",
    "service: x\ndemand: {source: prometheus, query: up, url: 'http://ann:pw@p:9090'}",
    "2:46: demand.url: must be an http or https address without a name or password in it " +
      "(write http://prometheus:9090)",
  ],
  [
    "a query beside a file",
    "service: x\ndemand: {source: csv, path: a.csv, query: up}",
    "2:43: demand.query: is for source prometheus, not csv (write source: prometheus, or delete it)",
  ],
  [
    "a secret among the headers",
    "service: x\ndemand: {connection: {headers: {Authorization: Bearer x}}}",
    "2:32: demand.connection.headers: must not hold a secret (name it with bearerTokenFile, or username and " +
      "passwordFile)",
  ],
  [
    "a password without a user",
    "service: x\ndemand: {source: prometheus, url: http://p, query: up, connection: {passwordEnv: PW}}",
    "2:82: demand.connection.passwordEnv: needs username (add it)",
  ],
  [
    "two secrets",
    "service: x\ndemand: {source: prometheus, url: http://p, query: up, " +
      "connection: {bearerTokenFile: t, bearerTokenEnv: T}}",
    "2:105: demand.connection.bearerTokenEnv: stands beside bearerTokenFile (keep one)",
  ],
  [
    "unit in a number",
    "service: x\nlimits:\n  maxTotalUnits: 40 units",
    '3:18: limits.maxTotalUnits: must be a whole number from 1 to 100000, not "40 units" (write 40)',
  ],
  [
    "half a unit",
    "service: x\nlimits: {maxTotalUnits: 4.5}",
    "2:25: limits.maxTotalUnits: must be a whole number from 1 to 100000, not 4.5",
  ],
  [
    "min above max",
    "service: x\ntiers:\n  burst: {minUnits: 9, maxUnits: 3}",
    "3:34: tiers.burst.maxUnits: 3 is below minUnits 9 (raise maxUnits or lower minUnits)",
  ],
  [
    "minimums above the total",
    "service: x\nlimits:\n  maxTotalUnits: 3\ntiers: {baseline: {minUnits: 2}, burst: {minUnits: 2}}",
    "3:18: limits.maxTotalUnits: 3 is below the tiers' minUnits together (4; raise it or lower them)",
  ],
  [
    "minimums above the default total",
    "service: x\ntiers: {baseline: {minUnits: 41}}",
    "2:30: limits.maxTotalUnits: 40 is below the tiers' minUnits together (41; raise it or lower them)",
  ],
  [
    "cost below the minimums",
    "service: x\nlimits: {maxCostUsdPerHour: 0.01}",
    "2:29: limits.maxCostUsdPerHour: 0.01 is below the cost of the tiers' minUnits (0.06; raise it)",
  ],
  [
    "reserve without room",
    "service: x\nlimits: {burstReserveUnits: 40}",
    "2:29: limits.burstReserveUnits: 40 leaves no room for the minUnits of baseline and predictive (write at most 39)",
  ],
  [
    "negative price",
    "service: x\ntiers: {burst: {priceUsdPerUnitHour: -1}}",
    "2:38: tiers.burst.priceUsdPerUnitHour: must be a number from 0 to 1000000, not -1",
  ],
  [
    "not a number",
    "service: x\nwarm: {priceUsdPerUnitHour: .nan}",
    "2:29: warm.priceUsdPerUnitHour: must be a number from 0 to 1000000, not .nan",
  ],
  [
    "infinite",
    "service: x\nlimits: {maxCostUsdPerHour: .inf}",
    "2:29: limits.maxCostUsdPerHour: must be a number from 0 to 1000000, not .inf",
  ],
  [
    "percent as quantile",
    "service: x\nleadTime: {quantile: 95}",
    "2:22: leadTime.quantile: must be a number above 0 and below 1, not 95 (write 0.95)",
  ],
  [
    "quantile of 1",
    "service: x\nwarm: {quantile: 1}",
    "2:18: warm.quantile: must be a number above 0 and below 1, not 1 (0.95 is the 95th percentile)",
  ],
  [
    "horizon between steps",
    "service: x\nhorizons: [5m, 7m]",
    "2:16: horizons[1]: 7m is not a multiple of demand.step 5m (write 5m)",
  ],
  ["horizon twice", "service: x\nhorizons: [1h, 60m]", "2:16: horizons[1]: is there twice (delete one)"],
  ["no horizon", "service: x\nhorizons: []", "2:11: horizons: must have at least one entry"],
  [
    "interval below step",
    "service: x\nschedule: {interval: 1m}",
    "2:22: schedule.interval: 1m is below demand.step 5m: cycles would see nothing new (write 5m)",
  ],
  [
    "stale before a step",
    "service: x\ndemand: {staleAfter: 1m}",
    "2:22: demand.staleAfter: 1m is below demand.step 5m: demand would always be stale (write at least two steps)",
  ],
  [
    "training beyond history",
    "service: x\ndemand: {history: 7d}\nforecast: {train: 28d}",
    "3:19: forecast.train: 28d is more than demand.history keeps (7d; shorten it, or raise demand.history)",
  ],
  [
    "objective below service time",
    "service: x\nresources:\n  - {name: r, kind: queue, slotsPerUnit: 2, serviceTime: 1s, latencyObjective: 500ms}",
    "3:80: resources[0].latencyObjective: 500ms is below serviceTime 1s: no number of units meets it (raise it)",
  ],
  [
    "resource kind",
    "service: x\nresources:\n  - {name: r, kind: queu}",
    '3:21: resources[0].kind: must be one of queue, amount, not "queu" (did you mean queue?)',
  ],
  [
    "resource key",
    "service: x\nresources:\n  - {name: r, kind: amount, perRps: 1, perUnit: 2, idel: 1}",
    "3:52: resources[0].idel: is no setting (did you mean idle?)",
  ],
  [
    "resource twice",
    "service: x\nresources:\n  - {name: r, kind: amount, perRps: 1, perUnit: 2}\n  - {name: r, kind: amount, perRps: 1, perUnit: 2}",
    "4:12: resources[1].name: r names two resources (rename one)",
  ],
  [
    "time zone",
    "service: x\ndemand: {timeZone: Berlin}",
    '2:20: demand.timeZone: must be an IANA time zone, not "Berlin" (did you mean Europe/Berlin?)',
  ],
  [
    "fixed offset as zone",
    "service: x\ndemand: {timeZone: '+02:00'}",
    '2:20: demand.timeZone: must be an IANA time zone, not "+02:00" (write an IANA name such as Europe/Berlin)',
  ],
  [
    "file without path",
    "service: x\ndemand:\n  source: csv",
    "3:11: demand.source: csv needs demand.path (add path: FILE)",
  ],
  [
    "policy below a minimum",
    "service: x\npolicies: {limits: {maxBaselineUnits: 0}}",
    "2:39: policies.limits.maxBaselineUnits: 0 is below tiers.baseline.minUnits 1: every plan would be refused (raise it)",
  ],
  [
    "policy total below minimums",
    "service: x\ntiers: {baseline: {minUnits: 5}}\npolicies: {limits: {maxTotalUnits: 4}}",
    "3:36: policies.limits.maxTotalUnits: 4 is below the tiers' minUnits together (5): every plan would be refused (raise it)",
  ],
  [
    "required tag missing",
    "service: x\npolicies: {limits: {requiredTags: [owner]}}",
    "2:35: policies.limits.requiredTags: owner not among tags (add under tags:)",
  ],
  [
    "floor above aggressive",
    "service: x\nrisk: {trustFloor: 0.9}",
    "2:20: risk.trustFloor: 0.9 is above aggressiveAbove 0.7 (lower it)",
  ],
  [
    "fallback above the total",
    "service: x\nmissing: {fallbackUnits: 41}",
    "2:26: missing.fallbackUnits: 41 is above limits.maxTotalUnits 40 (lower it)",
  ],
  [
    "platform too small",
    "service: x\nplatform: {maxUnits: 10}",
    "2:22: platform.maxUnits: 10 is below limits.maxTotalUnits + warm.maxUnits (44; raise it)",
  ],
  [
    "one stack for both",
    "service: x\npulumi: {baseStack: s, tierStack: s}",
    "2:35: pulumi.tierStack: is the base stack too (name two stacks)",
  ],
  [
    "password in the backend",
    "service: x\npulumi: {backend: 'https://u:p@h'}",
    '2:19: pulumi.backend: must be a Pulumi backend URL without a password in it, like file:///var/lib/tiercast, not "https://u:p@h"',
  ],
  [
    "open to the network",
    "service: x\nhttp: {host: 0.0.0.0}",
    '2:14: http.host: must be a loopback address such as 127.0.0.1 (there is no sign-in yet), not "0.0.0.0"',
  ],
  [
    "member",
    "service: x\nforecast: {members: [naive, profet]}",
    '2:29: forecast.members[1]: must be one of naive, level, seasonal-naive, seasonal-naive-week, seasonal-naive-both, seasonal-quantiles, ets, holt-winters, dhr-ar, mstl, direct, log-direct, arima, prophet, lstm, transformer, not "profet" (did you mean prophet?)',
  ],
  [
    "nothing after the colon",
    "service: x\nwarm:\n",
    "2:6: warm: has no value (write one, or delete the line to take the default)",
  ],
  ["value for a group", "service: x\nwarm: 3", "2:7: warm: must be a group of settings, not 3"],
  ["list for a group", "- service: x", "1:1: must be a group of settings, not a list"],
  [
    "duplicate key",
    "service: x\nmode: active\nservice: y",
    '3:1: key "service" is written twice (delete one)',
  ],
  ["tab", "service: x\nwarm:\n\tquantile: 0.9", "3:1: a tab indents here (write spaces)"],
  [
    "second document",
    "service: x\n---\nservice: y",
    "2:1: a second document begins here (delete the --- line and what follows)",
  ],
  ["tag", "service: !!js/function x", '1:10: tags are not read here (delete "!!js/function")'],
  [
    "__proto__",
    "service: x\n__proto__: {polluted: true}",
    '2:1: may not have "__proto__" as a key (delete it)',
  ],
  [
    "constructor in tags",
    "service: x\ntags: {constructor: y}",
    '2:8: tags: may not have "constructor" as a key (delete it)',
  ],
  [
    "percentile that is not measured",
    "service: x\nlatency: {percentile: 0.97, threshold: 1s}",
    "2:23: latency.percentile: must be one of 0.5, 0.9, 0.95, 0.99, not 0.97 (write 0.95)",
  ],
  [
    "no threshold",
    "service: x\nlatency: {percentile: 0.95}",
    "2:1: latency.threshold: is missing (add threshold: ...)",
  ],
  [
    "threshold that no request is below",
    "service: x\nlatency: {threshold: 250ms}",
    "2:22: latency.threshold: 250ms releases units below 175ms, which a request of 200ms never is: nothing would be " +
      "released (raise it)",
  ],
  ["empty", "", "1:1: is empty (write at least `service: NAME`, or run `tiercast init`)"],
  [
    "comments only",
    "# service: x\n",
    "1:1: is empty (write at least `service: NAME`, or run `tiercast init`)",
  ],
];
