import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Summary, summarize, type VitestReport } from "./summary.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const VITEST = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

/** Runs vitest with `args`, its output going where ours goes, and counts what its report says. */
export async function runVitest(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Summary> {
  const folder = mkdtempSync(join(tmpdir(), "tiercast-ci-"));
  const file = join(folder, "vitest.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  try {
    const exitCode = await streamNode([VITEST, "run", ...reporters, ...args], environment);
    const text = existsSync(file) ? readFileSync(file, "utf8") : undefined;
    return summarize(text === undefined ? undefined : (JSON.parse(text) as VitestReport), exitCode);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs Node with `args`, its output going where ours goes. Resolves to the exit code. */
export function streamNode(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  return new Promise((settle) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, ...environment },
    });
    const stop = (): void => void child.kill("SIGTERM");
    process.once("SIGTERM", stop);
    child.on("error", (error) => {
      process.stdout.write(`${error.message}\n`);
      settle(1);
    });
    child.on("exit", (code) => {
      process.removeListener("SIGTERM", stop);
      settle(code ?? 1);
    });
  });
}
