import type { CommandSpec } from "./command-spec.ts";
import { CONNECTION_OPTIONS } from "./prometheus-options.ts";

/** Getting ready: configuration, engine, shell. */
export const SETUP_COMMANDS: readonly CommandSpec[] = [
  {
    name: "demo",
    summary: "run the whole loop on this machine: a real trace, real workers, real Pulumi updates",
    options: [
      {
        flags: "--for <DURATION>",
        summary: "how long, counted from the moment the engine is ready (default: 3m)",
      },
      { flags: "--trace <FILE>", summary: "another CSV trace or access log" },
      { flags: "--speed <N>", summary: "trace seconds per second" },
      { flags: "--plain", summary: "a line per cycle instead of the live view" },
      { flags: "--keep", summary: "leave the stacks and the platform running at the end" },
    ],
    example: "tiercast demo --for 3m",
    exitCodes: "0 done, 1 error, 2 bad input",
    load: async () => (await import("./demo.ts")).runDemoCommand,
  },
  {
    name: "init",
    summary: "write a commented tiercast.yaml; with --prometheus, list demand queries that have data",
    options: [
      { flags: "--service <NAME>", summary: "name of the service (default: the folder's name)" },
      { flags: "--time-zone <ZONE>", summary: "IANA zone of the daily rhythm (default: this machine's)" },
      { flags: "--force", summary: "replace a file that is there" },
      { flags: "--prometheus <URL>", summary: "list usual demand queries that have data there" },
      { flags: "--query <N-OR-PROMQL>", summary: "write this one: its number in the list, or your own" },
      { flags: "--step <DURATION>", summary: "grid that is wanted (default: 5m)" },
      ...CONNECTION_OPTIONS,
    ],
    example: "tiercast init --service shop --prometheus http://prometheus:9090 --query 2",
    exitCodes: "0 written or listed, 1 the server cannot be asked, 2 bad input, or the file is there already",
    load: async () => (await import("./init.ts")).runInit,
  },
  {
    name: "validate",
    argument: { name: "[FILE]", summary: "configuration file (default: as --config)" },
    summary: "check the configuration; every mistake with line and column",
    example: "tiercast validate tiercast.yaml",
    exitCodes: "0 valid, 2 not valid or no such file",
    load: async () => (await import("./validate.ts")).runValidate,
  },
  {
    name: "schema",
    summary: "print the JSON Schema (draft-07) of the configuration",
    example: "tiercast schema > tiercast.schema.json",
    exitCodes: "0",
    load: async () => (await import("./schema.ts")).runSchema,
  },
  {
    name: "doctor",
    summary: "check this machine: Node, engine, folders, disk, ports",
    example: "tiercast doctor -o json",
    exitCodes: "0 nothing fails (warnings may be there), 1 something fails",
    load: async () => (await import("./doctor.ts")).runDoctor,
  },
  {
    name: "engine install",
    summary: "get the Pulumi engine: PATH, cache, official download, build from Go modules",
    options: [
      { flags: "--offline", summary: "no download: build from what Go's module cache holds" },
      {
        flags: "--with <PLATFORM>",
        summary: "get the platform's Pulumi provider too",
        choices: ["kubernetes"],
      },
    ],
    example: "tiercast engine install --with kubernetes",
    exitCodes: "0 there is an engine, 1 none could be had, 8 cancelled",
    load: async () => (await import("./engine-install.ts")).runEngineInstall,
  },
  {
    name: "engine status",
    summary: "show which Pulumi engine is used",
    example: "tiercast engine status",
    exitCodes: "0 there is an engine, 1 there is none",
    load: async () => (await import("./engine-status.ts")).runEngineStatus,
  },
  {
    name: "engine env",
    summary: "print what gives a shell the same pulumi, backend and passphrase",
    options: [{ flags: "--shell <NAME>", summary: "whose words (default: sh)", choices: ["sh", "fish"] }],
    example: 'eval "$(tiercast engine env)" && pulumi stack ls',
    exitCodes: "0 printed, 1 there is no engine, 2 bad configuration",
    load: async () => (await import("./engine-env.ts")).runEngineEnv,
  },
  {
    name: "completion",
    argument: { name: "SHELL", summary: "for which shell", choices: ["bash", "zsh", "fish"] },
    summary: "print a completion script",
    example: "tiercast completion bash > ~/.local/share/bash-completion/completions/tiercast",
    exitCodes: "0 printed, 2 unknown shell",
    load: async () => (await import("./completion.ts")).runCompletion,
  },
  {
    name: "version",
    summary: "print the version",
    example: "tiercast version",
    exitCodes: "0",
    load: async () => (await import("./version.ts")).runVersion,
  },
];
