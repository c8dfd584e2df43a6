import { randomBytes } from "node:crypto";
import { mkdir, rm, stat, statfs, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import type { DoctorCheck } from "./doctor.ts";

const LEAST_NODE_MAJOR = 24;
const LOW_DISK_BYTES = 2 ** 30;
/** A file system stamps files with its server's clock; more than this apart, one of the two is wrong. */
const CLOCK_SLACK_MS = 5_000;
/** No clock of a machine that runs this can be earlier. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);

/** The Node that runs us, and whether it is the one that npm brought along. */
export function checkNode(nodePath: string, nodeVersion: string): DoctorCheck {
  const major = Number(/^v?(\d+)\./.exec(nodeVersion)?.[1] ?? 0);
  const brought = /node_modules[\\/]node-[a-z0-9]+-[a-z0-9]+[\\/]/.test(nodePath);
  const source = brought ? "from its npm package" : "of the system";
  const detail = `${nodeVersion} ${source}: ${nodePath}`;
  if (major >= LEAST_NODE_MAJOR) return { name: "Node", ok: "ok", detail, fix: "" };
  const fix = `install Node ${LEAST_NODE_MAJOR}, or run npm without --omit=optional so that it brings one`;
  return { name: "Node", ok: "fail", detail: `${detail} is older than ${LEAST_NODE_MAJOR}`, fix };
}

/** Writable, tried with a file; and its disk. A folder that is not there yet is made. */
export async function checkFolder(name: string, folder: string, fix: string): Promise<DoctorCheck> {
  const probe = join(folder, `.doctor-${process.pid}-${randomBytes(4).toString("hex")}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, "tiercast");
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const detail = `${folder}, ${(free / 2 ** 30).toFixed(1)} GiB free`;
    if (free >= LOW_DISK_BYTES) return { name, ok: "ok", detail, fix: "" };
    return { name, ok: "warn", detail, fix: `free at least 1 GiB on the disk of ${folder}` };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOSPC")
      return { name, ok: "fail", detail: `${folder}: disk full`, fix: "free some space" };
    return { name, ok: "fail", detail: `cannot write ${folder} (${code})`, fix };
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

export function checkLoopback(): Promise<DoctorCheck> {
  const name = "loopback port";
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) =>
      resolve({
        name,
        ok: "fail",
        detail: `cannot listen on 127.0.0.1: ${error.message}`,
        fix: "allow this user to listen on the loopback interface",
      }),
    );
    server.listen(0, "127.0.0.1", () => {
      server.close(() => resolve({ name, ok: "ok", detail: "127.0.0.1 can be listened on", fix: "" }));
    });
  });
}

/** The clock against the disk's and against the oldest time it can be. */
export async function checkClock(folder: string, nowMs: () => number): Promise<DoctorCheck> {
  const name = "clock";
  const fix = "set the clock (a time service such as chrony keeps it right)";
  const file = join(folder, `.clock-${process.pid}-${randomBytes(4).toString("hex")}`);
  const now = nowMs();
  const shown = new Date(now).toISOString();
  if (now < EARLIEST_MS) return { name, ok: "fail", detail: `says ${shown}`, fix };
  try {
    await writeFile(file, "");
    const apart = Math.abs((await stat(file)).mtimeMs - nowMs());
    if (apart <= CLOCK_SLACK_MS) return { name, ok: "ok", detail: shown, fix: "" };
    return { name, ok: "warn", detail: `${Math.round(apart / 1_000)} s apart from the disk's clock`, fix };
  } finally {
    await rm(file, { force: true });
  }
}

/** Local rhythm needs the zones' rules: Node can be built without them. New York is 5 h behind, 4 in summer. */
export function checkTimeZones(): DoctorCheck {
  const name = "time zones";
  const hourAt = (iso: string) =>
    new Intl.DateTimeFormat("en-US", {
      timeZone: "America/New_York",
      hour: "2-digit",
      hourCycle: "h23",
    }).format(new Date(iso));
  try {
    if (hourAt("2001-01-15T12:00:00Z") === "07" && hourAt("2001-07-15T12:00:00Z") === "08")
      return { name, ok: "ok", detail: `${Intl.supportedValuesOf("timeZone").length} zones`, fix: "" };
  } catch {
    // Falls to the same words: no data.
  }
  const fix = "run tiercast with a Node built with full ICU (the official ones are)";
  return { name, ok: "fail", detail: "Node has no time zone data", fix };
}
