import type { CommandSpec } from "./command-spec.ts";
import { STAGE_CHOICES } from "./looking-commands.ts";

const ENGINE_CODES =
  "0 done, 1 error, 2 bad input or configuration, 4 engine failed, 5 policy violation, 8 cancelled, 9 timeout";

/** Acting: these write to the journal, the stacks or the platform. */
export const ACTING_COMMANDS: readonly CommandSpec[] = [
  {
    name: "run",
    summary: "run the daemon: a cycle on schedule until it is stopped",
    options: [{ flags: "--plain", summary: "a line per cycle instead of the live view" }],
    example: "tiercast run --config tiercast.yaml",
    exitCodes: "0 stopped by a signal, 1 error (another daemon included), 2 bad configuration",
    load: async () => (await import("./run.ts")).runRun,
  },
  {
    name: "once",
    summary: "run one cycle and record it",
    options: [
      { flags: "--stop-after <STAGE>", summary: "end after this stage", choices: STAGE_CHOICES },
      { flags: "--require-engine", summary: "a missing engine is an error" },
    ],
    example: "tiercast once --stop-after decide",
    exitCodes: ENGINE_CODES,
    load: async () => (await import("./once.ts")).runOnce,
  },
  {
    name: "approve",
    argument: { name: "[HASH]", summary: "hash of the plan (default: the one that waits)" },
    summary: "approve the plan that waits (mode suggest)",
    example: "tiercast approve 3f9c0a1b2c3d4e5f",
    exitCodes: "0 approved, 1 nothing to approve or refused, 2 bad configuration",
    load: async () => (await import("./verdict.ts")).runApprove,
  },
  {
    name: "reject",
    argument: { name: "[HASH]", summary: "hash of the plan (default: the one that waits)" },
    summary: "reject the plan that waits (mode suggest)",
    example: "tiercast reject 3f9c0a1b2c3d4e5f",
    exitCodes: "0 rejected, 1 nothing to reject or refused, 2 bad configuration",
    load: async () => (await import("./verdict.ts")).runReject,
  },
  {
    name: "pause",
    summary: "hold all sizes until an instant; observing and forecasting go on",
    options: [
      {
        flags: "--until <WHEN>",
        summary: "a duration from now (2h) or an ISO time with zone",
        required: true,
      },
      { flags: "--reason <TEXT>", summary: "why, for everyone who asks", required: true },
    ],
    example: 'tiercast pause --until 2h --reason "load test"',
    exitCodes: "0 paused, 1 no journal, 2 bad input or configuration",
    load: async () => (await import("./pause.ts")).runPause,
  },
  {
    name: "resume",
    summary: "end a pause",
    example: "tiercast resume",
    exitCodes: "0 resumed (also when nothing was paused), 1 no journal, 2 bad configuration",
    load: async () => (await import("./pause.ts")).runResume,
  },
  {
    name: "forget",
    argument: {
      name: "USER",
      summary: "account, cookie value or address as the logs have it; - reads it from stdin",
    },
    summary: "delete what is kept of one user; found by the keyed pseudonym, never stored by name",
    example: "echo 203.0.113.7 | tiercast forget -",
    exitCodes: "0 forgotten, or nothing was kept, 1 no profiles or no key, 2 bad input or configuration",
    load: async () => (await import("./forget.ts")).runForget,
  },
  {
    name: "down",
    summary: "destroy this service's stacks and stop its platform; safe to repeat",
    example: "tiercast down",
    exitCodes: ENGINE_CODES,
    load: async () => (await import("./down.ts")).runDown,
  },
];
