import { ACTIVITY_FORMATS } from "../model/activity.ts";
import type { CommandSpec } from "./command-spec.ts";

/** `tiercast profile`. */
export const PROFILE_COMMAND: CommandSpec = {
  name: "profile",
  argument: { name: "FILE...", summary: "access logs in order of time, plain or gzip; - for standard input" },
  summary: "say from access logs who the users are, what they do next, and what to fetch ahead",
  options: [
    { flags: "--format <FORMAT>", summary: "of the lines (default: guessed)", choices: ACTIVITY_FORMATS },
    { flags: "--holdout <SHARE>", summary: "last share of sessions to score next steps on (default: 0.2)" },
    { flags: "--session-gap <DURATION>", summary: "a longer pause ends a session (default: 30m)" },
    {
      flags: "--suspicious <POLICY>",
      summary: "what suspicious requests deserve",
      choices: ["serve", "cap", "ignore"],
    },
    { flags: "--prefetch <BYTES>", summary: "bytes per hour that may be fetched ahead (default: 10000000)" },
    { flags: "--no-sequence-model", summary: "leave out the recurrent network, the slowest part" },
    { flags: "--time-zone <ZONE>", summary: "IANA zone of the daily rhythm (default: UTC)" },
  ],
  printsHtml: true,
  example: "tiercast profile access.log.1 access.log -o html > profile.html",
  exitCodes: "0 profile shown, 2 bad input, 8 cancelled",
  load: async () => (await import("./profile.ts")).runProfile,
};
