import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { groupMembers, killMembers, readProcess, signalGroup } from "../../src/apply/process-group.ts";

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

it("a plugin in a group of its own is a member, and ends with the others", async () => {
  // Job control gives the background job its own group, as pulumi gives each plugin.
  const leader = spawn("/bin/bash", ["-c", "set -m; sleep 30 & wait"], { detached: true, stdio: "ignore" });
  const group = leader.pid ?? 0;
  await expect.poll(async () => (await groupMembers(group)).length).toBe(2);
  expect((await groupMembers(group)).map((member) => member.group === group)).toContain(false);
  const ended = once(leader, "exit");
  signalGroup(group, "SIGKILL");
  await ended;
  expect(await groupMembers(group)).toHaveLength(1);
  await killMembers(group, () => false);
  expect(await groupMembers(group)).toHaveLength(1);
  await killMembers(group, () => true);
  await expect.poll(() => groupMembers(group)).toEqual([]);
});

it("looking every second for a day costs no memory", async () => {
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 40; i++) await groupMembers(1);
  // 64 KiB for each process of the machine and look would be some 100 MiB here, until the next collection.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * 2 ** 20);
});
