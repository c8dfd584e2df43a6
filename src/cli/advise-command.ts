import type { CommandSpec } from "./command-spec.ts";
import { PROMETHEUS_OPTIONS } from "./prometheus-options.ts";

/** `tiercast advise`. */
export const ADVISE_COMMAND: CommandSpec = {
  name: "advise",
  argument: {
    name: "[SOURCE]",
    summary: "CSV, access log, - for standard input, or prometheus:URL?query=... (default: as configured)",
  },
  summary: "say from a history alone whether a forecast would help, what it would save, and which settings",
  options: [
    { flags: "--lead <DURATION>", summary: "request of a unit to ready (default: a short and a long one)" },
    { flags: "--unit-rps <N>", summary: "demand that a unit carries (default: the usual peak over 50)" },
    { flags: "--cost <USD>", summary: "price of a unit-hour: 0.10, or baseline=0.06,predictive=0.10" },
    {
      flags: "--last <DURATION>",
      summary: "only the last part (default: at most 40,320 steps, 28d of minutes)",
    },
    { flags: "--quick", summary: "light members and fewer settings: a first look in a fraction of the time" },
    { flags: "--write <FILE>", summary: "write the proposed configuration" },
    { flags: "--force", summary: "replace the file of --write" },
    { flags: "--html <FILE>", summary: "write a report with plots: one file, no script" },
    { flags: "--threads <N>", summary: "threads that forecast (default: 1)" },
    { flags: "--step <DURATION>", summary: "grid (default: the source's own; 5m for a log)" },
    { flags: "--time-zone <ZONE>", summary: "IANA zone of the daily rhythm (default: UTC)" },
    { flags: "--time-column <NAME>", summary: "column of the time" },
    { flags: "--value-column <NAME>", summary: "column of the demand" },
    ...PROMETHEUS_OPTIONS,
  ],
  example: "tiercast advise demand.csv --lead 3m --cost 0.10 --html advice.html --write tiercast.yaml",
  exitCodes: "0 advice given, 1 output cannot be written, 2 bad input, 8 cancelled",
  load: async () => (await import("./advise.ts")).runAdvise,
};
