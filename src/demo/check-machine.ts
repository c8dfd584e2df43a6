import { checkFolder, checkLoopback, checkNode, checkTimeZones } from "../apply/doctor-machine.ts";
import { cacheFolder } from "../config.ts";
import { UserError } from "../model/user-error.ts";
import type { Stage } from "./open-stage.ts";

/** What the run needs of the machine, tried: what is missing ends it here in words, not later in a stack trace. */
export async function checkMachine(stage: Stage): Promise<void> {
  const { request, settings } = stage;
  const free = "free some disk, or give the folder to this user";
  const checks = [
    checkNode(process.execPath, process.version),
    await checkFolder("state folder", settings.state.folder, free),
    await checkFolder("cache folder", cacheFolder(request.environment), free),
    await checkLoopback(),
    checkTimeZones(),
  ];
  for (const { name, ok, detail, fix } of checks) {
    if (ok === "fail") throw new UserError(`${name}: ${detail}: ${fix}`, 1);
    if (ok === "warn") request.log.warn("observe", `${name}: ${detail}: ${fix}`);
  }
  stage.say(`machine: ${checks.map((check) => check.name).join(", ")} fit`);
}
