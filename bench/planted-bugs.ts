/**
 * Plants bugs, one at a time, in a copy of the tree, and lets nights of faults look for each.
 *
 *     node bench/planted-bugs.ts [--seeds 200] [--only TEXT] [--seconds 120]
 *
 * `--seconds`: silence after which a search counts as hung. Prints for each bug which promise broke first, and in which
 * seed. A bug fails the run when no night finds it, when another promise than the expected one broke, or when its text
 * is not in its file any more.
 */
import { spawn } from "node:child_process";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { countOption } from "./parts/count-option.ts";
import { PLANTED_BUGS, type PlantedBug } from "./parts/planted-bugs.ts";
import { withScratch } from "./parts/scratch.ts";

const ROOT = join(import.meta.dirname, "..");
const COPIED = ["src", "bench", "policies", "stacks", "package.json", "tsconfig.json"];

const { values: args } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    only: { type: "string", default: "" },
    seconds: { type: "string", default: "120" },
  },
});
const seeds = countOption("seeds", args.seeds);
const seconds = countOption("seconds", args.seconds);

await withScratch(async (folder) => {
  for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const clean = await search(folder);
  if (clean !== undefined) {
    console.log(`without any bug, seed ${clean.seed}: ${clean.broken}`);
    process.exitCode = 1;
    return;
  }
  const bugs = PLANTED_BUGS.filter(({ name }) => name.includes(args.only));
  let missed = 0;
  for (const bug of bugs) {
    const { isFound, text } = await verdict(folder, bug);
    if (!isFound) missed += 1;
    console.log(`${isFound ? "found " : "MISSED"} ${bug.name} (${bug.file}): ${text}`);
  }
  console.log(`${bugs.length - missed} of ${bugs.length} planted bugs found`);
  if (missed > 0) process.exitCode = 1;
});

async function verdict(folder: string, bug: PlantedBug): Promise<{ isFound: boolean; text: string }> {
  const file = join(folder, bug.file);
  const before = readFileSync(file, "utf8");
  if (before.split(bug.text).length !== 2)
    return { isFound: false, text: "its text is not there exactly once" };
  writeFileSync(
    file,
    before.replace(bug.text, () => bug.instead),
  );
  try {
    const hit = await search(folder);
    if (hit === undefined) return { isFound: false, text: `not in ${seeds} seeds` };
    const isExpected = bug.found.some((start) => hit.broken.startsWith(start));
    const expected = isExpected ? "" : ` (expected ${bug.found.join(" or ")})`;
    return { isFound: isExpected, text: `seed ${hit.seed}, ${hit.broken}${expected}` };
  } finally {
    writeFileSync(file, before);
  }
}

interface Hit {
  readonly seed: string;
  readonly broken: string;
}

/** The first seed that breaks a promise, undefined when none does. A tree that cannot run at all is a find as well. */
function search(folder: string): Promise<Hit | undefined> {
  const child = spawn(
    process.execPath,
    ["bench/fault-simulation.ts", "--seeds", String(seeds), "--for", "1h", "--threads", "1"],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  const { promise, resolve } = Promise.withResolvers<Hit | undefined>();
  let said = "";
  let late: NodeJS.Timeout | undefined;
  const wait = (): void => {
    clearTimeout(late);
    late = setTimeout(() => {
      resolve({ seed: "?", broken: `B5-28: the night itself said nothing for ${seconds} s` });
      child.kill("SIGKILL");
    }, seconds * 1000);
  };
  wait();
  const hear = (data: Buffer): void => {
    wait();
    said += data.toString();
    const hit = /^seed (\d+): (.*)$/m.exec(said);
    if (hit === null) return;
    resolve({ seed: hit[1] ?? "", broken: hit[2] ?? "" });
    child.kill("SIGKILL");
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  child.on("exit", (code) => {
    clearTimeout(late);
    resolve(code === 0 ? undefined : { seed: "?", broken: said.trim().split("\n").at(-1) ?? "" });
  });
  return promise;
}
