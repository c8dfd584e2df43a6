import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { groupMembers, readProcess, signalGroup } from "../../src/apply/process-group.ts";

it("a group's members are seen while they live, and none after", async () => {
  const leader = spawn("/bin/sh", ["-c", "sleep 30 & sleep 30"], { detached: true, stdio: "ignore" });
  const group = leader.pid ?? 0;
  try {
    await expect.poll(async () => (await groupMembers(group)).length).toBeGreaterThan(1);
    expect((await readProcess(group))?.residentBytes).toBeGreaterThan(0);
  } finally {
    const ended = once(leader, "exit");
    signalGroup(group, "SIGKILL");
    await ended;
  }
  await expect.poll(() => groupMembers(group)).toEqual([]);
});

it("looking every second for a day costs no memory", async () => {
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 40; i++) await groupMembers(1);
  // 64 KiB for each process of the machine and look would be some 100 MiB here, until the next collection.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * 2 ** 20);
});
