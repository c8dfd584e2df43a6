import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Why tests with a real Prometheus cannot run here; undefined: they can. */
export const NO_PROMETHEUS = ["prometheus", "promtool"].every(
  (name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0,
)
  ? undefined
  : "skipped: prometheus and promtool are not on PATH";

/** Blocks of two hours, the default, take a second for each day. */
const LARGE_BLOCKS = "--max-block-duration=768h";

export interface RealPrometheus {
  readonly url: string;
  /** SIGSTOP and SIGCONT: a server that hangs. */
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export interface StartRequest {
  /** OpenMetrics text with time stamps, written into blocks before the start. */
  readonly history?: string;
  /** `host:port` of an exporter, scraped twice a second as job `live`. */
  readonly target?: string;
  readonly flags?: readonly string[];
  /** Text of the file that sets users and TLS. */
  readonly web?: string;
}

/** Prometheus on a free loopback port with a folder of its own, stopped by its pid. */
export async function startPrometheus(request: StartRequest): Promise<RealPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), "tiercast-prometheus-"));
  const data = join(folder, "data");
  if (request.history !== undefined) {
    await writeFile(join(folder, "history.txt"), request.history);
    const create = [
      "tsdb",
      "create-blocks-from",
      "openmetrics",
      LARGE_BLOCKS,
      join(folder, "history.txt"),
      data,
    ];
    await promisify(execFile)("promtool", create, { maxBuffer: 50_000_000 });
  }
  const scrape =
    request.target === undefined
      ? "scrape_configs: []"
      : `scrape_configs: [{job_name: live, static_configs: [{targets: ["${request.target}"]}]}]`;
  await writeFile(
    join(folder, "prometheus.yml"),
    `global: {scrape_interval: 500ms, scrape_timeout: 400ms}\n${scrape}\n`,
  );
  await writeFile(join(folder, "web.yml"), request.web ?? "{}\n");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const flags = [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${data}`,
    "--storage.tsdb.retention.time=400d",
    `--web.listen-address=127.0.0.1:${port}`,
    `--web.config.file=${join(folder, "web.yml")}`,
    "--log.level=error",
    ...(request.flags ?? []),
  ];
  const child = spawn("prometheus", flags, { stdio: ["ignore", "ignore", "inherit"] });
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(url, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, signal: (name) => child.kill(name), stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGCONT");
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(killer);
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
    const ready = await fetch(`${url}/-/ready`).catch(() => undefined);
    await ready?.arrayBuffer();
    // Where users are set, it is up when it asks for one.
    if (ready?.status === 200 || ready?.status === 401) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("prometheus is not ready after 30 s");
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export interface CounterRows {
  readonly labels: string;
  /** Second and value of the counter, rising in time; null: a stale marker cannot be written, so no sample. */
  readonly samples: readonly (readonly [seconds: number, value: number])[];
}

/** OpenMetrics text of one metric; a counter's name ends in `_total`. */
export function openMetrics(metric: string, type: "counter" | "gauge", rows: readonly CounterRows[]): string {
  const lines = rows.flatMap(({ labels, samples }) =>
    samples.map(([seconds, value]) => `${metric}{${labels}} ${value} ${seconds}`),
  );
  return `# TYPE ${metric.replace(/_total$/, "")} ${type}\n${lines.join("\n")}\n`;
}
