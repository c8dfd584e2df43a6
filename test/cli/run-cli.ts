import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
const NODE = join(ROOT, "node_modules", ".bin", "node");
const DEADLINE_MS = 60_000;

export interface CliEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own with state, cache and home in it, and no engine in reach. */
export interface CliPlace {
  readonly folder: string;
  /** `stdin` is what is piped in. */
  run(
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
    stdin?: string | Buffer,
  ): Promise<CliEnd>;
  write(name: string, text: string): Promise<string>;
  remove(): Promise<void>;
}

export async function openPlace(): Promise<CliPlace> {
  const folder = await mkdtemp(join(tmpdir(), "tiercast-cli-"));
  const work = join(folder, "work");
  await mkdir(work);
  const own = {
    PATH: "/nowhere",
    HOME: folder,
    XDG_STATE_HOME: join(folder, "state"),
    XDG_CACHE_HOME: join(folder, "cache"),
    LANG: "C.UTF-8",
  };
  return {
    folder: work,
    run: (args, environment, stdin) => runCli(args, work, { ...own, ...environment }, stdin),
    write: async (name, text) => {
      await writeFile(join(work, name), text);
      return join(work, name);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function runCli(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  stdin: string | Buffer = "",
): Promise<CliEnd> {
  return new Promise((resolve) => {
    const options = { cwd, env, timeout: DEADLINE_MS, maxBuffer: 20_000_000 };
    const child = execFile(
      NODE,
      [join(ROOT, "src", "main.ts"), ...args],
      options,
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : (child.exitCode ?? -1), stdout, stderr });
      },
    );
    child.stdin?.end(stdin);
  });
}

/** A day and a half of demand at five minutes up to the last whole step, and a configuration that reads it. */
export async function writeDemandAndConfig(place: CliPlace): Promise<void> {
  const stepMs = 300_000;
  const endMs = Math.floor(Date.now() / stepMs) * stepMs;
  const rows = Array.from({ length: 432 }, (_, index) => {
    const atMs = endMs - (432 - index) * stepMs;
    const value = 30 + 20 * Math.sin((index / 288) * 2 * Math.PI) + (index % 7) / 3;
    return `${new Date(atMs).toISOString()},${value.toFixed(2)}`;
  });
  await place.write("demand.csv", ["timestamp,value", ...rows, ""].join("\n"));
  await place.write(
    "tiercast.yaml",
    [
      "service: shop",
      "mode: suggest",
      "demand: { source: csv, path: demand.csv, step: 5m }",
      "forecast: { members: [naive, seasonal-naive] }",
      "horizons: [5m, 1h]",
      "http: { port: 0 }",
      "",
    ].join("\n"),
  );
}
