import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * When process `pid` started, as text that only equality makes sense of; undefined when there is no such process
 * (a zombie counts as none). A pid alone names nobody: pids are used again. Linux: ticks since boot from
 * /proc/PID/stat; elsewhere what `ps` prints.
 */
export function processStartTime(pid: number): string | undefined {
  if (process.platform !== "linux") return startTimeFromPs(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Whether the very process that was recorded still runs. */
export function isSameProcess(pid: number, startTime: string): boolean {
  return processStartTime(pid) === startTime;
}

function startTimeFromPs(pid: number): string | undefined {
  try {
    const text = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      encoding: "utf8",
      timeout: 2_000,
    });
    return text.trim() === "" ? undefined : text.trim();
  } catch {
    return undefined;
  }
}
