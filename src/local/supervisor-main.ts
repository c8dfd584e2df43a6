import { mayBeAlive, readEndpoint } from "./endpoint-file.ts";
import { startSupervisorHere } from "./supervisor.ts";
import { SUPERVISOR_SETTINGS_SCHEMA } from "./supervisor-settings.ts";

/*
 * The supervisor's process. Arguments: endpoint file, settings as JSON, seed. Started detached: it serves on when
 * daemon and engine are gone. Ends on DELETE / or on SIGTERM; a killed one leaves no unit, since each unit ends
 * when its channel breaks.
 */
const [endpointFile = "", settingsJson = "{}", seed = "1"] = process.argv.slice(2);

function log(message: string): void {
  process.stdout.write(`${new Date().toISOString()} supervisor ${process.pid}: ${message}\n`);
}

async function main(): Promise<void> {
  const settings = SUPERVISOR_SETTINGS_SCHEMA.parse(JSON.parse(settingsJson));
  if (mayBeAlive(endpointFile))
    throw new Error(`process ${readEndpoint(endpointFile)?.pid} already serves it`);
  const supervisor = await startSupervisorHere({
    endpointFile,
    settings,
    seed: Number(seed),
    wallMs: Date.now,
    nowMs: () => performance.now(),
    log,
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void supervisor.stop(false));
  log(`router ${supervisor.endpoint.routerUrl}, control ${supervisor.endpoint.controlUrl}`);
  await supervisor.stopped;
  log("stopped");
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    log(`cannot go on: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    process.exit(1);
  },
);
