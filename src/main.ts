#!/usr/bin/env node
import type { CliContext } from "./cli/context.ts";
import { reportFailure } from "./cli/failure.ts";
import { createProgram } from "./cli/program.ts";
import { runProgram } from "./cli/run-program.ts";
import { abortOnSignals, quietBrokenPipes } from "./cli/signals.ts";

/** A handle that somebody forgot must not keep a finished command on the screen. */
const EXIT_GRACE_MS = 3_000;

const context: CliContext = {
  signal: abortOnSignals(),
  wire: async (request) => (await import("./wire.ts")).wire(request),
  runDemo: async (request) => (await import("./demo/demo.ts")).runDemo(request),
  stateFiles: async (settings) => (await import("./wire.ts")).stateFiles(settings),
  serveHttp: async (request) => (await import("./http/server.ts")).startHttp(request),
};

const argv = process.argv.slice(2);
quietBrokenPipes();
process.on("uncaughtException", (error) => process.exit(reportFailure(error, argv.includes("--debug"))));
try {
  process.exitCode = await runProgram(createProgram, argv, context);
} catch (error) {
  process.exitCode = reportFailure(error, argv.includes("--debug"));
}
setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
