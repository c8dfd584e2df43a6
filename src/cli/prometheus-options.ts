import type { OptionSpec } from "./command-spec.ts";

/** How a server is reached; for every command that may read one. */
export const CONNECTION_OPTIONS: readonly OptionSpec[] = [
  { flags: "--token-file <FILE>", summary: "file of a bearer token for Prometheus" },
  { flags: "--user <NAME>", summary: "user for Prometheus, with --password-file" },
  { flags: "--password-file <FILE>", summary: "file of the password for Prometheus" },
  { flags: "--ca-file <FILE>", summary: "PEM file of the authorities to trust for Prometheus" },
  { flags: "--tenant <ID>", summary: "X-Scope-OrgID for Mimir and its kin" },
];

/** A query in place of a file. */
export const PROMETHEUS_OPTIONS: readonly OptionSpec[] = [
  { flags: "--prometheus <URL>", summary: "read a server with the API of Prometheus, in place of FILE" },
  { flags: "--query <PROMQL>", summary: "its query: one series; $__interval stands for --step" },
  {
    flags: "--aggregate <HOW>",
    summary: "several series (default: none, an error)",
    choices: ["none", "sum"],
  },
  ...CONNECTION_OPTIONS,
];
