import { setTimeout as delay } from "node:timers/promises";
import type { OwnPid } from "./locks.ts";
import { groupMembers, killMembers, readProcess } from "./process-group.ts";
import { interruptPulumi } from "./run-engine.ts";
import { listRunFolders, type RunOwner, readOwner, readPids } from "./run-folder.ts";

/** Engine runs that a dead daemon left behind, ended; and the pids that prove which locks were theirs. */
export interface Leftovers {
  readonly folders: readonly string[];
  readonly own: readonly OwnPid[];
  readonly mended: readonly string[];
}

/** Ends every run of `stack` whose parent is dead. A run with a live parent is somebody's business: left alone. */
export async function endLeftoverRuns(
  runsFolder: string,
  stack: string,
  graceMs: number,
): Promise<Leftovers> {
  const folders: string[] = [];
  const own: OwnPid[] = [];
  const mended: string[] = [];
  for (const folder of await listRunFolders(runsFolder)) {
    const owner = await readOwner(folder);
    if (owner === undefined || owner.stack !== stack || (await parentLives(owner))) continue;
    if (await endGroup(folder, owner, graceMs)) mended.push(`ended the orphaned engine run ${owner.verb}`);
    else mended.push(`found a cut-off engine run (${owner.verb})`);
    folders.push(folder);
    own.push(...(await ownPidsOf(folder, owner.startedMs)));
  }
  return { folders, own, mended };
}

export async function ownPidsOf(folder: string, sinceMs: number): Promise<readonly OwnPid[]> {
  return (await readPids(folder)).map((pid) => ({ pid, sinceMs }));
}

async function parentLives(owner: RunOwner): Promise<boolean> {
  const parent = await readProcess(owner.parent.pid);
  return parent !== undefined && parent.startTicks === owner.parent.startTicks;
}

/** True when something of the run still lived. Members older than the run are another group with a reused number. */
async function endGroup(folder: string, owner: RunOwner, graceMs: number): Promise<boolean> {
  if (owner.group <= 1) return false;
  const members = async () =>
    (await groupMembers(owner.group)).filter((member) => member.startTicks >= owner.startTicks);
  if ((await members()).length === 0) return false;
  await interruptPulumi(folder);
  const until = performance.now() + graceMs;
  // Plugins whose pulumi is gone have nothing left to finish.
  const working = async () => (await members()).some((member) => member.group === owner.group);
  while (performance.now() < until && (await working())) await delay(100);
  await killMembers(owner.group, (member) => member.startTicks >= owner.startTicks);
  for (let attempt = 0; attempt < 50 && (await members()).length > 0; attempt++) await delay(20);
  return true;
}
