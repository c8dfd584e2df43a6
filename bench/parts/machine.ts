import { cpus, loadavg, totalmem } from "node:os";

/** What a figure was measured on; a figure without it says nothing. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly node: string;
  readonly platform: string;
  /** Mean length of the run queue over the last minute, at the start of the measurement. */
  readonly loadAverage: number;
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() || "unknown",
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    loadAverage: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** `2 x Intel Xeon, 24 GiB, linux-x64, Node v24.21.0, load 0.31`. */
export function machineLine(machine: Machine): string {
  const { cores, cpu, memoryGib, platform, node, loadAverage } = machine;
  return `${cores} x ${cpu}, ${memoryGib} GiB, ${platform}, Node ${node}, load ${loadAverage}`;
}
